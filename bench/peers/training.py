"""PyTorch as one of those compared in training: steps of a Qwen2 decoder of the shape given, fused AdamW and clipping included.

    python training.py '{"hiddenSize": 128, "layers": 4, …}'

Says "ready", then answers each line on its standard input by the seconds of one step.
"""

import json
import os
import sys
import time

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

shape = json.loads(sys.argv[1])
replies = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # What libraries print must not mix with the replies.
torch.set_num_threads(shape["threads"])
torch.manual_seed(0)
model = Qwen2ForCausalLM(
    Qwen2Config(
        vocab_size=shape["vocabSize"],
        hidden_size=shape["hiddenSize"],
        intermediate_size=shape["intermediateSize"],
        num_hidden_layers=shape["layers"],
        num_attention_heads=shape["heads"],
        num_key_value_heads=shape["kvHeads"],
        tie_word_embeddings=True,
        attn_implementation="sdpa",
    )
)
model.config.use_cache = False
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.98), weight_decay=0.1, fused=True)
tokens = torch.randint(0, shape["vocabSize"], (shape["rows"], shape["length"] + 1))


def reply(value):
    replies.write(json.dumps(value) + "\n")
    replies.flush()


def step():
    logits = model(tokens[:, :-1]).logits
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


reply("ready")
for _ in sys.stdin:
    started = time.perf_counter()
    step()
    reply(time.perf_counter() - started)
