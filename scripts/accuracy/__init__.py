"""The table of accuracies: its networks and designs, their figures, the best of them, and a picture."""
