"""The pilots: corridors as data and scenarios as short scripts, one promise each."""
