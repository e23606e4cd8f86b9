"""What wrong looks like in `scalar`: mistakes that students make, as edits of the solution. Never released."""
