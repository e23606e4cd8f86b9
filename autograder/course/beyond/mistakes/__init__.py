"""What wrong looks like in `beyond`: mistakes that students make, as edits of the solution. Never released."""
