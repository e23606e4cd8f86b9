"""Wrong answers that were written blind, by people who had seen neither suites nor diagnoses; three times."""
