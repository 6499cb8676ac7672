"""PyTorch transformers as one of those compared: a batch of rows in a greedy loop, with one of its caches.

    python pytorch.py CHECKPOINT

Answers each JSON line on its standard input by one on its standard output, like the others beside it.
"""

import json
import os
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from transformers import AutoModelForCausalLM, DynamicCache, StaticCache, logging

logging.set_verbosity_error()
replies = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # What libraries print must not mix with the replies.


class Peer:
    def __init__(self, checkpoint):
        self.checkpoint = checkpoint
        self.model = None
        self.step = None
        self.opened = None
        self.state = None

    def open_model(self, dtype, compiled):
        if self.opened == (dtype, compiled):
            return
        self.model = AutoModelForCausalLM.from_pretrained(self.checkpoint, dtype=getattr(torch, dtype))
        self.model.eval()
        torch._dynamo.reset()
        self.step = torch.compile(self.model, dynamic=False) if compiled else self.model
        self.opened, self.state = (dtype, compiled), None

    def open_past(self, prompt, rows):
        """Keys and values of the prompt but its last token, for one row."""
        if self.state is None or self.state[0] != prompt:
            past = DynamicCache(config=self.model.config)
            self.model(torch.tensor([prompt[:-1]]), past_key_values=past, use_cache=True, logits_to_keep=1)
            self.state = (prompt, [(layer.keys, layer.values) for layer in past.layers])
        return [tuple(part.repeat(rows, 1, 1, 1) for part in layer) for layer in self.state[1]]

    def make_cache(self, kind, past, length):
        if kind == "dynamic":
            cache = DynamicCache(config=self.model.config)
        else:
            cache = StaticCache(config=self.model.config, max_cache_len=length)
        for layer, (keys, values) in enumerate(past):
            positions = {"cache_position": torch.arange(keys.shape[2])}
            cache.update(keys, values, layer, positions)
        return cache

    def draw(self, request):
        setting, prompt, rows = request["setting"], request["prompt"], request["rows"]
        torch.set_num_threads(setting["threads"])
        self.open_model(setting["dtype"], setting["compiled"])
        total = request["warmUp"] + request["tokens"]
        past = self.open_past(prompt, rows)
        cache = self.make_cache(setting["cache"], past, len(prompt) + total)
        token = torch.full((rows, 1), prompt[-1])
        drawn = []
        for step in range(total):
            if step == request["warmUp"]:
                started = time.perf_counter()
            position = torch.tensor([[len(prompt) - 1 + step]])
            logits = self.step(
                token, past_key_values=cache, use_cache=True, position_ids=position.expand(rows, 1)
            ).logits
            token = logits[:, -1].argmax(-1, keepdim=True)
            drawn.append(token)
        tokens = torch.cat(drawn, 1).tolist()
        return {"seconds": time.perf_counter() - started, "tokens": tokens}


peer = Peer(sys.argv[1])
with torch.inference_mode():
    for line in sys.stdin:
        try:
            reply = peer.draw(json.loads(line))
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()
