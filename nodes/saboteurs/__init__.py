"""Windows that break one promise each, on purpose: the proof that a check can fail.

Each names the promise it breaks; the scenario that seats it names the check that must catch it, and
tests/saboteurs holds both to it. Each is as small a departure from the honest window as its fault allows.

    windows   what is done with what was opened: answers, books, witnesses, covers; and careless operators
    seals     when a seal is good: each believes one forgery that an honest window refuses
    parsing   what signed bytes say: each reads one text that an honest window does not read at all
"""

from nodes.saboteurs.parsing import *  # noqa: F403 - every saboteur is called by its name, wherever it is written
from nodes.saboteurs.seals import *  # noqa: F403
from nodes.saboteurs.windows import *  # noqa: F403
