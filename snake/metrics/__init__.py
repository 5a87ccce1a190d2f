"""What is counted: figures that all workers share, and the text that shows them."""
