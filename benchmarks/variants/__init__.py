"""Reports as models, and the many ways in which senders write one and the same report down."""
