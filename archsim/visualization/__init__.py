"""Figures and printed tables of reports; matplotlib and rich are imported where they are used."""
