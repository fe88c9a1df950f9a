"""What the words of training and networks mean, in one or two sentences: hover help, and docs/glossary.md."""

from __future__ import annotations

import re

GLOSSARY: dict[str, str] = {
    "accuracy": "The share of pictures that get the right class, here of the validation pictures.",
    "activation": "A number that a layer gives at one place of one channel: how strongly that place answers to the "
    "channel's pattern.",
    "active learning": "Asking first for the labels that help most: those of pictures which the network is unsure of "
    "and which differ from each other.",
    "architecture": "The plan of a network: which layers it has, how many and how large. The learned weights fill it.",
    "AUC": "Area under the ROC curve: the chance that a picture of the class gets a higher probability than another "
    "picture. 1 is perfect, 0.5 is guessing.",
    "augmentation": "Training on changed copies of the pictures: flipped, turned, zoomed, lighter or darker. The "
    "network then learns what stays the same, and a few pictures go further.",
    "average precision": "The precision, averaged along the precision-recall curve. 1 is perfect; guessing gives the "
    "share of the class among all pictures.",
    "balance": "What is done so that rare classes count as much as frequent ones: their pictures are shown more "
    "often, or their loss weighs more.",
    "batch": "The pictures that are learned from together, before the network is corrected once.",
    "batch size": "How many pictures make a batch. Larger batches are steadier and faster on a graphics card; "
    "smaller ones need less memory.",
    "BatchNorm statistics": "The mean and spread of the values inside the network, which its BatchNorm layers scale "
    "by. With few pictures those of the pretrained network are better than new ones, and are kept.",
    "best epoch": "The epoch with the highest accuracy, and of equal ones that with the lowest validation loss. Its "
    "network is the one that is kept.",
    "bf16": "Numbers of 16 bits with the range of 32-bit ones. Twice as fast or more where the hardware multiplies "
    "them, and exact enough for training.",
    "bias": "A number that a layer adds to each of its sums: how much it takes for a channel to answer.",
    "cache": "Files that save doing a thing twice: decoded pictures and what the frozen network says of them. It may "
    "be deleted at any time.",
    "calibration": "Making the probabilities true: of all answers that are 80 % sure, 80 % should be right.",
    "channel": "One of the maps that a layer gives. Each shows where in the picture one pattern is found.",
    "checkpoint": "Everything that is needed to go on with a training, saved while it runs: weights, optimiser, and "
    "how far it was.",
    "class": "One of the answers that the network chooses between, such as a kind of animal.",
    "class imbalance": "Some classes have many more pictures than others. A network then tends to guess the frequent "
    "ones.",
    "confidence": "The probability that the network gives to its own answer. Only after calibration can it be taken "
    "at its word.",
    "confidence interval": "The range in which the true value lies with 95 % certainty, as far as these pictures can "
    "tell. Few pictures make it wide.",
    "confusion matrix": "A table of all answers: rows are the actual classes, columns what the network said. Right "
    "answers lie on the diagonal.",
    "contact sheet": "Small copies of many pictures on pages, each with its name and answer, to look through or to "
    "print.",
    "convolution": "A layer that slides small kernels over what comes in, and gives a channel for each: bright where "
    "its kernel fits.",
    "coverage": "The share of pictures that get an answer at all, instead of “none of these”.",
    "CUDA": "NVIDIA's way of computing on its graphics cards. Program, driver and card must fit each other.",
    "cutmix": "A rectangle of one training picture is pasted into another, and the label is shared in proportion. It "
    "keeps a network from relying on one detail.",
    "depthwise convolution": "A convolution in which each kernel looks at one channel only. It is cheap, and finds "
    "small shapes.",
    "discriminative learning rates": "Early layers, which see edges and textures, learn with smaller steps than late "
    "ones, so that what they know already is kept.",
    "dropout": "Some values inside the network are set to zero at random while it learns, so that it cannot rely on "
    "any single one.",
    "duplicate": "The same picture a second time, in another file.",
    "early stopping": "Ending a training when it has not got better for some epochs.",
    "epoch": "One pass through all training pictures.",
    "error rate": "The share of pictures that get the wrong class: 1 minus the accuracy.",
    "expected calibration error": "How far confidence and accuracy are apart on average. With 5 %, answers that are "
    "90 % sure are right in 85 or 95 of 100 cases.",
    "F1": "One number for precision and recall, their harmonic mean: high only where both are high.",
    "false alarm": "A picture that is taken for a class to which it does not belong.",
    "feature": "A number that a network computes from a picture and that tells of something in it; the last layer "
    "decides by some hundred or thousand of them.",
    "fine-tuning": "Going on to train a network that has learned from other pictures, so that it fits yours.",
    "fp16": "Numbers of 16 bits with more digits and less range than bf16, for graphics cards that lack bf16.",
    "fp32": "Ordinary numbers of 32 bits: the most exact format used here, and the slowest.",
    "frozen": "Only the new last layer learns, while the pretrained network stays as it is. That takes seconds, "
    "because what the network says of each picture is computed once.",
    "Grad-CAM": "A map of where the network saw reasons for a class: the channels of a late layer, weighted by how "
    "much the score rises with them.",
    "gradual unfreezing": "The network is set free to learn from its last stage to its first, one stage after the "
    "other, instead of all at once.",
    "group-safe split": "A split that keeps on one side what belongs together, such as copies, or all photos of one "
    "animal.",
    "guided gradients": "Which pixels, made brighter or darker, would excite a channel more. Signals against it are "
    "left out, so that its pattern stands out.",
    "head": "The new last layer of the network, which chooses between your classes.",
    "held-out test set": "Pictures that neither training nor any choice of settings has seen. Measured once, at the "
    "end, they give the most honest accuracy.",
    "int8": "Numbers of 8 bits. A model becomes about a third as large and faster on many processors, and a little "
    "less exact.",
    "integrated gradients": "How much each pixel adds to the score of a class, summed up on the way from an empty "
    "picture to this one.",
    "kernel": "The small table of weights that a convolution has learned for a channel: the pattern that it looks for.",
    "label": "The class that a picture is said to belong to.",
    "label smoothing": "The network is asked to be almost sure instead of quite sure, which makes it err less on new "
    "pictures.",
    "layer": "One step of the network: it takes the values of the step before and computes new ones.",
    "leak": "The same or almost the same picture on both sides of the split. The network knows it already, and the "
    "accuracy looks better than it is.",
    "learning rate": "How large a step each correction of the network takes. Too small, and it learns slowly; too "
    "large, and it overshoots.",
    "learning-rate finder": "Tries ever larger learning rates for some steps each and suggests one at which the loss "
    "falls fast. It leaves nothing changed.",
    "logits": "The raw scores that a network gives before softmax turns them into probabilities.",
    "loss": "How wrong the network is, also in how sure it is: 0 for a right answer it is sure of, large for a wrong "
    "one it is sure of. Training makes it small.",
    "macro average": "The mean over all classes, each of which counts the same, however few pictures it has.",
    "metric": "A number that says how good a network is, such as the accuracy. The loss is what it learns by, the "
    "metric what people care for.",
    "mixup": "Two training pictures are blended into one, and so are their labels. It makes the network less sure "
    "where it should not be.",
    "momentum": "Each correction keeps some of the direction of those before, so that the network does not zigzag.",
    "near duplicate": "A picture that is almost another one: resized, compressed again, mirrored, or the next of a "
    "burst.",
    "nearest neighbour": "The picture whose features are most like those of another: what this network takes to be "
    "most alike.",
    "occlusion": "A grey square is laid on one place after the other; where the class becomes less likely, there was "
    "a reason for it.",
    "one-cycle schedule": "The learning rate rises during the first quarter of a training and then falls to almost "
    "nothing; momentum goes the other way. It allows larger rates and ends calmly.",
    "ONNX": "A file format for networks that many programs and languages can run.",
    "opset": "The version of ONNX's list of operators that a model needs. Older programs know older ones only.",
    "out-of-fold": "Judged by a network that has not learned from this picture: the pictures are cut into parts, and "
    "each is judged by what the others taught.",
    "outlier": "A picture that is unlike all others of its class: it may be wrong, or only rare.",
    "overfitting": "The network learns its training pictures by heart: the training loss goes on falling, while the "
    "validation loss rises.",
    "padding": "Zeros around a picture, so that a kernel can be laid on its edge too.",
    "parity": "Whether an exported model gives the same answers as the network that was trained.",
    "patience": "How many epochs without a better one a training waits before it stops early.",
    "PCA": "Principal component analysis: of all directions in which the features differ, the two in which they "
    "differ most.",
    "perceptual hash": "A short code of what a picture looks like. It hardly changes when the picture is resized or "
    "compressed again, and so finds near duplicates.",
    "phase": "A part of a training: first frozen, when only the new last layer learns, then unfrozen, when the "
    "network itself does.",
    "pooling": "Values that lie near each other become one, their largest or their mean, and the picture shrinks.",
    "precision": "Of the pictures that were given a class, the share that belongs to it.",
    "precision-recall curve": "Precision against recall for every threshold: how many wrong answers it costs to find "
    "more pictures of a class.",
    "preprocessing": "What is done to a picture before it goes into the network: turning upright, resizing, and "
    "scaling of the values.",
    "preset": "A recipe with tried values for how long and how deep the network learns.",
    "pretrained": "Trained before on other pictures, here the 1.3 million photographs of ImageNet, and so able to "
    "see edges, textures and shapes already.",
    "progressive resizing": "Beginning with small pictures, which is fast, and ending with large ones.",
    "recall": "Of the pictures that belong to a class, the share that was found.",
    "receptive field": "The part of the picture that one value of a layer can see. It grows from layer to layer.",
    "reliability diagram": "Shows for each level of confidence how often the answers are right. Bars on the diagonal "
    "mean that the probabilities can be believed.",
    "ReLU": "The simplest activation function: values below zero become zero. ReLU6 also cuts off what is above six.",
    "ROC curve": "For every threshold, how much of a class is found, against how many other pictures are taken for "
    "it. The nearer to the upper left corner, the better.",
    "safetensors": "A file format for weights that holds numbers only, and can do no harm when it is opened.",
    "score": "The number that the last layer gives for a class. The softmax turns all scores into probabilities.",
    "seed": "The number that fixes all chance: the split, the order of the pictures and how they are changed. The "
    "same seed gives the same training again.",
    "softmax": "The step that turns raw scores into probabilities that add up to 1.",
    "split": "Which pictures are learned from, and which are kept aside to measure how good the network is.",
    "stride": "How many places a kernel moves at each step. With a stride of two the output is half as wide and high.",
    "suspected label error": "A picture whose label the network contradicts, although it has not learned from that "
    "picture. Often the label is wrong.",
    "t-SNE": "A map in which pictures with similar features lie close together. How far apart groups lie means "
    "nothing.",
    "temperature": "A number that all scores are divided by before they become probabilities. Above 1 the network is "
    "less sure; its answers stay the same.",
    "test-time augmentation": "Asking the network about several changed copies of a picture and averaging its "
    "answers: slower, and often a little more right.",
    "threshold": "The least probability with which an answer counts.",
    "top losses": "The pictures with the highest loss, on which the network was most surprised. Wrong labels are "
    "often among them.",
    "top-k accuracy": "The share of pictures whose class is among the k likeliest answers.",
    "training engine": "What training needs beside the installed program: PyTorch, in a folder of its own. It is "
    "installed once, on request.",
    "training loss": "The loss on the pictures that the network learns from, measured while it learns. It may be "
    "above the validation loss, because learning is made harder than answering.",
    "Triton": "NVIDIA's server that answers for models over the network. It wants each model in a folder of a "
    "certain form.",
    "underfitting": "The network has not even learned its training pictures: training and validation loss both stay "
    "high.",
    "unfrozen": "The network learns, or much of it, and not only its new last layer. It takes longer and can reach "
    "further.",
    "validation loss": "The loss on the validation pictures. When it rises while the training loss falls, the "
    "network overfits.",
    "validation set": "Pictures that are kept aside and never learned from, to see how good the network is on new "
    "ones.",
    "weight decay": "Every weight is pulled a little towards zero at each step, which keeps the network simple.",
    "weights": "The numbers inside a network, millions of them, which training changes.",
    "wheel": "A Python package in one file, ready to be installed.",
}
# Other ways to say a term, as they stand in the window.
ALSO: dict[str, str] = {
    "valid loss": "validation loss",
    "train loss": "training loss",
    "validation pictures": "validation set",
    "recipe": "preset",
    "network": "architecture",
    "balancing": "balance",
    "rate finder": "learning-rate finder",
    "find a learning rate": "learning-rate finder",
    "highest loss": "top losses",
    "highest losses": "top losses",
    "unfreeze": "gradual unfreezing",
    "stop early": "early stopping",
    "top-3 accuracy": "top-k accuracy",
    "top-5 accuracy": "top-k accuracy",
    "top-3": "top-k accuracy",
    "top-5": "top-k accuracy",
    "top 3": "top-k accuracy",
    "top 5": "top-k accuracy",
    "roc": "ROC curve",
    "area under the curve": "AUC",
    "precision and recall": "precision-recall curve",
    "calibration error": "expected calibration error",
    "certainty": "confidence",
    "test set": "held-out test set",
    "test pictures": "held-out test set",
    "macro f1": "macro average",
    "label error": "suspected label error",
    "suspect": "suspected label error",
    "suspected label": "suspected label error",
    "nearest pictures": "nearest neighbour",
    "most alike": "nearest neighbour",
    "reject threshold": "threshold",
}


def explain(term: str) -> str:
    """The explanation of a term, or of another way to say it; upper and lower case are the same.

    Raises:
        KeyError: the glossary does not have it.
    """
    key = term.casefold()
    return _BY_NAME[ALSO.get(key, key).casefold()]


def terms_in(text: str) -> tuple[str, ...]:
    """The terms that a text names, in their order; of “learning rate” and “rate” the longer one counts.

    A plural is the same term: “epochs”, “losses”.
    """
    found = _PATTERN.finditer(text.casefold())
    named = [ALSO.get(match.group(1), match.group(1)) for match in found]
    return tuple(dict.fromkeys(_NAMES[name.casefold()] for name in named))


def as_markdown() -> str:
    """The glossary as the page docs/glossary.md."""
    rows = "\n".join(f"| {term} | {text} |" for term, text in GLOSSARY.items())
    return (
        "# Glossary\n\n"
        "The words of training and of networks, as the window explains them when the pointer rests on them.\n\n"
        f"| word | means |\n| --- | --- |\n{rows}\n"
    )


_NAMES = {term.casefold(): term for term in GLOSSARY}
_BY_NAME = {term.casefold(): text for term, text in GLOSSARY.items()}
_PATTERN = re.compile(
    r"(?<![\w-])("
    + "|".join(re.escape(name) for name in sorted((*_BY_NAME, *ALSO), key=len, reverse=True))
    + r")(?:e?s)?(?![\w-])"
)
