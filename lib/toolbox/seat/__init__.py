"""The seat that somebody works at: open it, say what is wrong with it, bring a corrected release into it."""
