# ---
# jupyter:
#   backprop_kit: {assignment: layers, modules: [activations, batchnorm, layers, losses]}
# ---

# %% [markdown]
# # Layers: the modular API

# ======== part one ends here: layers, losses, Sequential (above) ========

# ======== part two: the graph, torch.autograd.Function, nn.Module (below) ========

# ======== part two ends here; closing summary and handing in (below) ========
