"""Which operations a model for pictures may hold: what computes with numbers, and nothing that reads or decodes."""

from __future__ import annotations

from collections.abc import Callable

import onnx

from deskclassify.core.foreign import Layout as Layout

PLAIN = ("", "ai.onnx")
_MICROSOFT = "com.microsoft"

# Of ONNX Runtime's own operations: what its optimiser and its quantiser put into networks for pictures.
_FUSED = frozenset(
    "FusedConv FusedMatMul FusedGemm Gelu FastGelu BiasGelu QuickGelu BiasSoftmax BiasAdd BiasSplitGelu GroupNorm "
    "LayerNormalization SimplifiedLayerNormalization SkipLayerNormalization Attention MultiHeadAttention "
    "QLinearAdd QLinearMul QLinearConcat QLinearGlobalAveragePool QLinearAveragePool QLinearSigmoid QLinearSoftmax "
    "QLinearLeakyRelu QLinearReduceMean QLinearConv QLinearWhere QGemm QAttention DynamicQuantizeMatMul "
    "MatMulIntegerToFloat MatMulNBits NhwcMaxPool NhwcConv DequantizeLinear QuantizeLinear TransposeMatMul".split()
)

# Of ONNX's: text, lists, files of pictures, and random numbers, with which an answer could not be repeated.
_NOT_FOR_PICTURES = frozenset(
    "StringNormalizer StringConcat StringSplit RegexFullMatch TfIdfVectorizer ImageDecoder "
    "SequenceConstruct SequenceEmpty SequenceAt SequenceErase SequenceInsert SequenceLength SequenceMap "
    "SplitToSequence ConcatFromSequence Optional OptionalGetElement OptionalHasElement "
    "RandomNormal RandomNormalLike RandomUniform RandomUniformLike Multinomial Bernoulli".split()
)

SIZE_INPUT = {"ConstantOfShape": 0, "Expand": 1, "Tile": 1, "Resize": 3, "Upsample": 1}
"""Operations that make arrays as large as one of their inputs says: which input"""


def judge(domain: str, name: str, refuse: Callable[[str], Exception]) -> None:
    """Let an operation pass, or raise what `refuse` makes of the reason.

    Args:
        domain: of the operation.
        name: of it.
        refuse: gives the exception.
    """
    if domain in PLAIN:
        if name in _NOT_FOR_PICTURES:
            raise refuse(f"it uses the operation “{name}”, which is not for pictures")
        if not onnx.defs.has(name, ""):
            raise refuse(f"it uses an operation “{name[:60]}”, which ONNX does not have")
    elif domain != _MICROSOFT:
        raise refuse(f"it uses operations from elsewhere (“{domain[:60]}”), which this program does not have")
    elif name not in _FUSED:
        raise refuse(f"it uses the operation “{name[:60]}” of ONNX Runtime, which may read files or run other code")
