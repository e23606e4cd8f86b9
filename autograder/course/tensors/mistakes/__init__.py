"""What wrong looks like in `tensors`: mistakes that students make, as edits of the solution. Never released."""
