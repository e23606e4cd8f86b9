"""The sizes of inputs for nets and losses."""

N, D, M, K = 7, 5, 3, 4  # all different: what is transposed or summed wrongly does not fit, or does not agree
