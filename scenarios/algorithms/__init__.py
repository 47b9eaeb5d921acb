"""What signatures are made with: the profiles of an agreement, and what lies outside of them."""
