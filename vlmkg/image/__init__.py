"""Films: from files to grey values."""
