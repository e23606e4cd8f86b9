# ---
# jupyter:
#   backprop_kit: {assignment: beyond, modules: [forward_mode, second_order, implicit]}
# ---

# %% [markdown]
# # Beyond: forward mode, second order, implicit layers

# ======== part one ends here: forward mode, second order (above) ========

# ======== part two: implicit layers (below) ========

# ======== part two ends here; closing summary and handing in (below) ========
