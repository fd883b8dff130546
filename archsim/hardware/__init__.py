"""What a network is executed on, and what every action costs."""
