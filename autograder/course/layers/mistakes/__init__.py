"""What wrong looks like in `layers`: mistakes that students make, as edits of the solution. Never released."""
