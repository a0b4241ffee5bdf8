"""Visual towers of open_clip, such as BiomedCLIP's, from the `open_clip_config.json` of their folder.

The text tower is not built: it would download its language model.
"""

from collections.abc import Mapping
from typing import Any

import open_clip

from vlmkg.errors import RefusedError
from vlmkg.model.vision.encoder import Fit, Pixels, VisionEncoder

CONFIG_FILE = "open_clip_config.json"
TOWER = "visual."
"""The prefix of the visual tower's weights in a whole model's file."""
_NO_TEXT = {"context_length": 1, "vocab_size": 1, "width": 8, "heads": 1, "layers": 1}
_OPENAI_MEAN = (0.48145466, 0.4578275, 0.40821073)
_OPENAI_STD = (0.26862954, 0.26130258, 0.27577711)


def build(config: Mapping[str, Any]) -> VisionEncoder:
    """The tower of an `open_clip_config.json`, with fresh weights. Raises RefusedError if it can't be built."""
    try:
        model = config["model_cfg"]
        vision = {**model["vision_cfg"], "timm_model_pretrained": False}
        tower = open_clip.CLIP(
            model["embed_dim"], vision, {**_NO_TEXT}, quick_gelu=bool(model.get("quick_gelu", False))
        ).visual
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        message = f"{CONFIG_FILE} does not describe a visual tower: {type(error).__name__}"
        raise RefusedError(message, "use the config of the published folder") from error
    preprocess = config.get("preprocess_cfg") or {}
    size = vision.get("image_size", 224)
    pixels = Pixels(
        size=size if isinstance(size, int) else size[0],
        mean=tuple(preprocess.get("mean") or _OPENAI_MEAN),
        std=tuple(preprocess.get("std") or _OPENAI_STD),
        fit=Fit(preprocess.get("resize_mode") or "shortest"),
    )
    kept = {"model_cfg": {key: model[key] for key in ("embed_dim", "vision_cfg", "quick_gelu") if key in model}}
    if preprocess:
        kept["preprocess_cfg"] = preprocess
    return VisionEncoder("open_clip", kept, tower, pixels)
