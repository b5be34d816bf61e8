"""What a topology costs, from list prices; nothing is asked of a cloud."""
