"""What asks a student's code and says what is wrong with an answer: checks collected, compared, diagnosed, shown."""
