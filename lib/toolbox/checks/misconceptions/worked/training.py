"""A worked number for each known mistake of `toolbox.checks.misconceptions.training`: id -> a sentence or two."""

from __future__ import annotations

WORKED: dict[str, str] = {
    # steps
    "update-not-in-place":
        "w = 3, and a step of 0.6 makes 2.4 of it. If the 2.4 is in a new tensor, the net, which holds the old "
        "one, still computes with 3.",
    "update-uphill":
        "A loss of w² at w = 3 has the gradient 6. With lr 0.1 the step goes to 3 − 0.1 · 6 = 2.4, where the loss is "
        "5.76. Uphill it goes to 3 + 0.1 · 6 = 3.6, and the loss is 12.96.",
    "rate-forgotten":
        "w = 3, gradient 6, lr 0.1: the step is 0.1 · 6 = 0.6 long. Without the rate it goes to 3 − 6 = −3, right "
        "across the valley and no lower than before.",
    "rate-frozen":
        "lr was 0.1 and is 0.01 now: a gradient of 5 asks for a step of 0.01 · 5 = 0.05. With the rate of the first "
        "day it is 0.1 · 5 = 0.5.",
    "one-parameter-only":
        "Parameters 1 and 2 with gradients 3 and 4, lr 0.1: after the step they are 0.7 and 1.6. If the loop ends "
        "after its first round, they are 0.7 and 2.",
    "parameters-decay":
        "w = 4 with gradient 0 stays 4. If it fades by 0.01 as well, with lr 0.1, one step makes 4 − 0.1 · 0.01 · 4 = "
        "3.996 of it, and a hundred steps 3.62.",
    "gradient-changed":
        "The gradient holds 2. If the velocity is that very tensor, its fading to 0.9 · 2 = 1.8 writes 1.8 into the "
        "gradient, and whoever looks at it after the step reads 1.8.",
    "velocity-not-kept":
        "rho 0.8, gradients 5 and 5: the velocity is 5, then 0.8 · 5 + 5 = 9. If it is not kept, it is 5 both times: "
        "plain gradient descent.",
    "velocity-shared":
        "rho 0.5: parameter a sends gradient 8, then b sends 1. The velocity of b is 1; shared with a it is 0.5 · 8 + "
        "1 = 5, and a's slope carries b along.",
    "velocity-sign":
        "rho 0.5, gradients 4 and 4: the ball gets faster, from 4 to 0.5 · 4 + 4 = 6. With the sign turned it gets "
        "slower: −0.5 · 4 + 4 = 2.",
    "rate-in-velocity":
        "rho 0.5, gradients 4 and 4, lr 0.1 and then 0.01: our second step is 0.01 · (0.5 · 4 + 4) = 0.06. With the "
        "rate inside it is 0.5 · 0.1 · 4 + 0.01 · 4 = 0.24: the old rate lives on.",
    "rate-twice":
        "Gradient 5, lr 0.1: the first step is 0.1 · 5 = 0.5. With the rate in both lines it is 0.1 · 0.1 · 5 = 0.05.",
    "nesterov":
        "rho 0.5, lr 0.1, a first gradient of 4: the velocity is 4, and the step 0.1 · 4 = 0.4. Nesterov looks ahead "
        "and steps by 0.1 · (4 + 0.5 · 4) = 0.6.",
    "dampened":
        "rho 0.8, a first gradient of 5: the velocity is 5. Weighed with 1 − 0.8 it would be 0.2 · 5 = 1, five times "
        "too slow.",
    "velocity-starts-at-gradient":
        "rho 0.5, a first gradient of 4: from rest the velocity becomes 0.5 · 0 + 4 = 4. If it starts at the "
        "gradient, it becomes 0.5 · 4 + 4 = 6.",
    "velocity-late":
        "At rest, a first gradient of 4, lr 0.1: the velocity becomes 4 and then moves w by 0.1 · 4 = 0.4. If w moves "
        "first, it moves by 0.1 · 0 = 0: every gradient comes one step late.",
    "velocity-not-faded":
        "rho 0.5, gradients 4, 0 and 0: the velocity is 4, 2 and 1 and dies away. Unfaded it stays 4 for ever, though "
        "nothing pushes any more.",
    "rho-on-everything":
        "rho 0.5, at rest, a gradient of 4: the velocity becomes 0.5 · 0 + 4 = 4. If rho fades the sum, it becomes "
        "0.5 · (0 + 4) = 2.",
    "rho-ignored":
        "rho 0.5, gradients 4 and 4: the velocity becomes 0.5 · 4 + 4 = 6. With a 0.9 written into the line it "
        "becomes 0.9 · 4 + 4 = 7.6, whatever is asked for.",
    # starting weights and random numbers
    "kaiming-fan-out":
        "From 200 units to 50: each output adds up 200 products, so the variance is 2 / 200 = 0.01. By fan out it "
        "would be 2 / 50 = 0.04, and the signal would double at such a layer.",
    "kaiming-variance-for-deviation":
        "200 inputs: the variance should be 2 / 200 = 0.01, so numbers of variance 1 are multiplied by the root of "
        "that, 0.1. Multiplied by 0.01 their variance is 0.01^2 = 0.0001.",
    "kaiming-without-relu":
        "Inputs 1 and −1 have a mean square of 1. After a ReLU they are 1 and 0, with a mean square of (1 + 0) / 2 = "
        "0.5. Half is gone: 200 inputs need 0.01, not 1 / 200 = 0.005.",
    "kaiming-both-fans":
        "From 300 units to 100 behind a ReLU: the variance is 2 / 300 ≈ 0.0067. Glorot's rule gives 2 / (300 + 100) = "
        "0.005, and the signal shrinks from layer to layer.",
    "kaiming-bound-for-deviation":
        "Even numbers between −a and a have the variance a² / 3: with a = 0.1 that is 0.1^2 / 3 ≈ 0.0033. For a "
        "variance of 0.01 the bound has to be 0.173.",
    "weights-not-scaled":
        "Weights of deviation 0.01 give an output of 100 inputs the variance 100 · 0.01^2 = 0.01, and one of 10000 "
        "inputs 10000 · 0.01^2 = 1. One number cannot suit both.",
    "weights-one-sided":
        "Weights between 0 and 1 have the mean 0.5: with 100 inputs of 1 an output starts near 100 · 0.5 = 50. Around "
        "0 it starts near 0.",
    "symmetry-unbroken":
        "Two units that both start at 0.3 get the same gradient, say 0.1. With lr 0.1 both go to 0.3 − 0.1 · 0.1 = "
        "0.29, and so on: a hundred of them learn what one learns.",
    "generator-ignored":
        "Seed 7 gives, say, 0.4 and 1.2, today and tomorrow. If the numbers come from elsewhere, 1 other draw in "
        "between changes them, and nobody can repeat the run.",
    "always-the-same":
        "A generator made anew from seed 0 in every call gives layer 2 the weights of layer 1, and epoch 2 the order "
        "of epoch 1.",
    # batches and the loop
    "not-shuffled":
        "100 images sorted by their class, 10 of each, in batches of 10: step 1 sees only zeros, step 2 only ones, "
        "and each step undoes the one before.",
    "batches-shuffled-only":
        "Six images in pairs: 5 6, 1 2, 3 4 has moved the pairs, but 1 never meets anybody but 2. In 4 1, 6 2, 3 5 "
        "they are mixed.",
    "shuffled-once":
        "Epoch 1 comes as 3 1 4 2 and so does epoch 2: with batches of 2, image 3 meets image 1 for ever. A new order "
        "may be 2 3 1 4.",
    "labels-shuffled-apart":
        "Images of a 3 and of a 7 come with the labels 7 and 3: now a 3 is called 7. With ten classes about 9 of 10 "
        "labels are wrong, and there is nothing to learn.",
    "last-batch-dropped":
        "10 images in batches of 4: two whole batches show 4 + 4 = 8 of them. The 2 that are left are a batch as "
        "well: 3 steps, not 2.",
    "last-batch-padded":
        "10 images in batches of 4: the last batch has 2. Filled up to 4, it shows 2 images for the second time, and "
        "they count double in this epoch.",
    "drawn-with-replacement":
        "In 10 draws of 1 out of 10 an image is missed with probability 0.9^10 ≈ 0.35: three or four of them never "
        "come, others come twice. In a permutation each comes once.",
    "examples-left-out":
        "10 images in batches of 4: 4 + 4 + 2 = 10. If each cut ends one too early and the next begins where it "
        "should, 3 + 3 + 2 = 8 of them come.",
    "batch-sizes":
        "10 images in batches of 4 are 4, 4 and 2. In ten batches of 1 every image comes too, but that is 10 steps, "
        "each on the gradient of 1 image.",
    "probability-for-loss":
        "Of four classes one is guessed with p = 0.25. The loss is −log(0.25) ≈ 1.386. The 0.25 itself would fall "
        "when the net gets worse.",
    "step-forgotten":
        "w = 3, and 20 batches give 20 gradients near 6. If nobody steps, w is 3 after the epoch, and the losses stay "
        "where they were.",
    "loop-left-early":
        "5 batches: 5 steps, 5 losses. With a return inside the loop the first batch is the last, and 4 batches are "
        "never seen.",
    "batch-used-twice":
        "w = 3 with gradient 6 and lr 0.1 goes to 2.4. Stepping twice with the same gradient leads to 2.4 − 0.6 = "
        "1.8, and 5 batches make 10 steps.",
    "loss-after-the-step":
        "A loss of w² is 9 at w = 3, where the gradient 6 comes from. After the step to 2.4 it is 2.4^2 = 5.76: such "
        "a curve flatters the net, and costs a second forward pass.",
    "losses-summed-up":
        "Three batches with losses 2, 1.5 and 1: hand the 3 numbers over. Their sum, 2 + 1.5 + 1 = 4.5, their mean, "
        "1.5, or the last of them does not show how the curve ran.",
    "losses-divided":
        "A batch of 4 with losses 1, 2, 3 and 2 comes with their mean, 8 / 4 = 2. Divided by 4 again, the curve shows "
        "0.5.",
    "not-trained":
        "Guessing among ten digits is right 1 time in 10. With 12 of 100 right a net guesses; a trained one has 95 "
        "and more.",
    "training-diverged":
        "A loss of w² at w = 1 with lr 1.5: 1 − 1.5 · 2 = −2, then 4, then −8. Each step doubles it, and after 128 of "
        "them float32 has no number for it any more.",
    # scores and counts
    "relu-at-the-end":
        "Scores −1 and −3: the first class wins. After a ReLU both are 0, nobody wins, and no gradient comes through.",
    "layers-left-out":
        "params with 6 entries are 6 / 2 = 3 layers. Using two of them gives the numbers that the third should have "
        "begun with.",
    "names-of-gradients":
        "A two-layer net has 4 parameters, and net_softmax returns 4 + 3 = 7 gradients: those of a, h and scores are "
        "steps on the way, and there is nothing to update.",
    "layers-by-alphabet":
        "Texts are compared letter by letter: w1, w10, w11, w2. The second layer of 11 is then the one that should be "
        "the tenth.",
    "confusion-transposed":
        "A 3 is taken for an 8: that is counted in row 3, column 8. In row 8, column 3 it would say that an 8 was "
        "taken for a 3.",
    "counted-once":
        "Three images of a 3 are taken for an 8. An indexed += reads 0 three times and writes 1 three times: it says "
        "1 where 3 is right.",
    "counts-as-shares":
        "Of 20 threes 18 are right and 2 are called 8: the row holds 18 and 2. Shares of 0.9 and 0.1 no longer tell 2 "
        "mistakes in 20 from 200 in 2000.",
    "only-right-ones-counted":
        "Of 20 threes 18 are right and 2 are called 8. With the 18 alone the row adds up to 18, and nobody learns "
        "where the other 20 − 18 = 2 went.",
    "only-mistakes-counted":
        "Of 20 threes 18 are right and 2 are called 8: the row adds up to 18 + 2 = 20. Without its diagonal it adds "
        "up to 2.",
    # files
    "written-in-place":
        "A file of 1000 bytes is opened for writing: now it has 0. If the power fails after 400, there are 400 new "
        "bytes and no old ones.",
    "old-file-deleted":
        "Delete, write for 2 seconds, rename: for 2 seconds there are 0 files of that name. Written beside it and put "
        "in its place in one go, there is always 1.",
    "temporary-file-left":
        "The disk is full after 400 of 1000 bytes. If those 400 stay behind under the temporary name, they fill the "
        "disk further, at every try.",
    "failure-swallowed":
        "The disk is full at epoch 3, nobody is told, and training goes on to epoch 100. The file still holds epoch "
        "2: the next crash costs 100 − 2 = 98 epochs.",
    "bytes-not-on-disk":
        "A file of 1000 bytes takes its place, and 0 of them are on the disk yet: the system writes some seconds "
        "later. If the power fails in between, the name is there, with 0 bytes behind it.",
    "temporary-elsewhere":
        "Moving 1 GB within a disk changes one name, in one go. From another disk it is copied, for 10 seconds, say, "
        "and for these 10 seconds there is half a file under the name.",
    "file-appended":
        'First "first" is written, 5 bytes, then "new", 3 bytes: the file should hold those 3. Added to the old ones '
        "they make 5 + 3 = 8, and nobody can read firstnew.",
    "pickle-opened":
        "A pickle of 40 bytes can say: run this command. Loading it is enough, with 0 further lines of yours. An "
        "array of 40 bytes is 5 float64 numbers, and can say nothing.",
    "pickle-written":
        "1000 float32 numbers are 1000 · 4 = 4000 bytes in an array, to be read as they are. A pickle holds "
        "instructions instead, which have to be run before there is 1 number.",
    "state-names-lost":
        "In go params/w1, params/b1 and velocity/w1, 3 names. If only what comes after the slash is kept, two of "
        "them are w1, and 2 tensors come back.",
    "dtype-lost":
        "An epoch 7 that comes back as 7.0 cannot be counted with any more, and 0.1 in float64 that went through "
        "float32 comes back as 0.10000000149.",
    "shape-lost":
        "Weights of 2 rows and 3 columns come back as a list of 6: the same numbers, but no product with them works. "
        "A learning rate of shape () comes back as (1,).",
    "numbers-changed":
        "0.123456789 rounded to six digits is 0.123457. The run that goes on from there is another run, and never "
        "gives the same weights again.",
    "device-forgotten":
        "w lies on GPU 0, and its velocity comes back from the file on the CPU: adding the two is an error at step 1. "
        "On a machine without a GPU nobody notices.",
    "state-aliased":
        "Captured at w = 2, then training goes on to w = 5. A state that holds the very same tensor says 5 now; a "
        "copy says 2.",
    "parameters-not-restored":
        "You and the optimiser hold one tensor of zeros, the state says 2. Filled, it says 2 to both. With a new "
        "tensor under the old name the optimiser goes on moving the 0.",
    "velocity-not-restored":
        "rho 0.5, velocity 6, gradient 2: the next velocity is 0.5 · 6 + 2 = 5. If it starts from 0 again, it is 2, "
        "and the run goes elsewhere.",
    "rate-not-restored":
        "lr was halved to 0.1 / 2 = 0.05 on the way. A new optimiser says 0.1 again, and a float32 says 0.0500000007: "
        "neither goes on as the run would have.",
    "generator-not-restored":
        "Seed 7 has given 4 orders, the next would be the 5th. Seeded with 7 again, the generator begins with the "
        "1st: epoch 5 repeats epoch 1.",
    "epoch-off":
        "7 epochs are done, and 10 are wanted: 10 − 7 = 3 are left. With an 8 in the file 2 are made, and with a 0 "
        "all 10 again.",
    # searches
    "spread-evenly-not-by-logs":
        "Spread evenly from 0.001 to 1, 90 of 100 numbers lie above 0.1. By the logarithm 33 do, and as many between "
        "0.01 and 0.1 and between 0.001 and 0.01.",
    "exponents-not-raised":
        "From 0.001 to 1 the decimal logarithms run from −3 to 0. A draw of −2 stands for 10^-2 = 0.01; a learning "
        "rate of −2 would climb.",
    "evaluated-again":
        "Three points of an hour each, killed after two: at the second start 3 − 2 = 1 hour is left. Without a look "
        "into the file it is 3 hours.",
    "points-known-by-place":
        "The file holds the points A and B, asked are B, A and C. By their numbers only 1 is new, C. By their places "
        "B gets the result of A.",
    "search-rows":
        "B and A are asked for, in this order, and the file says A 0.90, B 0.95. The answer is 2 rows, B 0.95 and A "
        "0.90: neither the file's order nor the new points alone.",
    "written-at-the-end":
        "Ten points of an hour each, killed after 9.5 hours. Written at once, 9 results are safe; written at the end, "
        "0 are.",
    "line-torn":
        "A line of 60 bytes, and the disk is full after 25: no reader gets past those 25. If the whole file is "
        "replaced in one go, it has the 3 lines of before or all 4.",
    "lines-lost":
        "3 results in the file and a new one are 3 + 1 = 4 lines. If only the new one is written, 3 hours of work are "
        "gone.",
    "line-twice":
        "3 results in the file and a new one are 3 + 1 = 4 lines. If the old ones are written beside themselves, "
        "there are 7, and the best point is there twice.",
    "interruption-swallowed":
        "Ctrl-C at point 3 of 10 should end the search, with 2 results in the file. Swallowed, it only skips to point "
        "4: it takes 8 times Ctrl-C to stop.",
    # depth
    "relu-kept":
        "Weights −2 and then 3: without activations 1 becomes 3 · (−2) = −6, so the one weight is −6. A ReLU between "
        "them cuts the −2 to 0, and 0 is what comes out.",
    "layers-in-reverse":
        "First times 2 and plus 1, then times 3: 0 becomes 3 · (0 + 1) = 3. In reverse it becomes 2 · 0 + 1 = 1; and "
        "with matrices even the products differ.",
    "bias-in-weights":
        "Times 2 and plus 5: 3 becomes 2 · 3 + 5 = 11. With the 5 in the weight it becomes (2 + 5) · 3 = 21.",
    "last-bias-only":
        "First plus 4, then times 3 and plus 1: 0 becomes 3 · 4 + 1 = 13, and that is the bias of the whole. The last "
        "one alone is 1.",
    "biases-not-multiplied":
        "First plus 4, then times 3 and plus 1: 0 becomes 3 · 4 + 1 = 13. Adding up the biases gives 4 + 1 = 5: the 4 "
        "was not taken through the second layer.",
    # buffers
    "buffer-not-cut":
        "Buffers for 8 rows, a last batch of 3 with losses 1, 2 and 3: the mean is (1 + 2 + 3) / 3 = 2. Divided by 8 "
        "it is 0.75, or 5 rows of the batch before slip in.",
    "tensor-made-anew":
        "A hidden layer of 512 × 1024 float32 numbers is 512 · 1024 · 4 = 2097152 bytes. One product of that size "
        "that is not in place asks for 2 MB at every step, 2 GB in a thousand.",
}  # fmt: skip
