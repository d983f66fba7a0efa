"""Makes the reference of Deformable DETR and of DINO's improvements in this folder: random weights and inputs, outputs and gradients in float64.

    pip install torch transformers safetensors numpy && python make.py

The Swin is transformers' SwinBackbone; all behind it is written here, as a function of named tensors. At (alpha, beta) = (1, 0), without
DINO's parts, its outputs are those of transformers' DeformableDetrForObjectDetection (asserted below, to 1e-9). `-recurrence` is
x_(i+1) = F_i(x_i) + alpha*x_i + beta*x_(i-1) in every run: each stage of the Swin, the encoder, each layer of the decoder, with
F(x) = LN(x + A(x)) - x behind the Swin.

DINO (arXiv 2203.03605): mixed query selection, denoising queries, look forward twice, query positions of the boxes' sine embedding.
"""

import copy
import json
import math
import os
import tempfile

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from transformers import DeformableDetrConfig, DeformableDetrForObjectDetection, SwinBackbone, SwinConfig
from transformers.models.swin import modeling_swin

here = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(20240102)
width, heads, points, hidden, queries, classes, depth = 32, 2, 2, 16, 5, 3, 2
channels = [8, 16]
levels = 3
height, across = 24, 32
swin_prefix = "model.backbone.conv_encoder.model."
swin_config = SwinConfig(
    embed_dim=8, depths=[2, 2], num_heads=[1, 2], window_size=4, patch_size=4, image_size=32, drop_path_rate=0.0, out_features=["stage1", "stage2"]
)
common = dict(
    d_model=width, encoder_layers=depth, decoder_layers=depth, encoder_attention_heads=heads, decoder_attention_heads=heads,
    encoder_ffn_dim=hidden, decoder_ffn_dim=hidden, encoder_n_points=points, decoder_n_points=points, num_feature_levels=levels,
    num_queries=queries, two_stage_num_proposals=queries, num_labels=classes, dropout=0.0,
)
dino_fields = dict(mixed_query_selection=True, look_forward_twice=True, box_query_positions=True, denoising_queries=True, shared_heads=True)


def draw(*shape, scale=1.0):
    return (torch.randn(*shape, dtype=torch.float64) * scale).float().double()


def attention_in_float64(module, query, key, value, attention_mask, scaling=None, **_):
    """The published one has its softmax in float32."""
    weights = (query @ key.transpose(2, 3) * scaling + attention_mask).softmax(-1)
    return (weights @ value).transpose(1, 2).contiguous(), weights


modeling_swin.eager_attention_forward = attention_in_float64
swin = SwinBackbone(swin_config).double().eval()
with torch.no_grad():
    for name, parameter in swin.named_parameters():
        if parameter.ndim == 1:
            parameter.copy_((1 if "norm" in name and name.endswith("weight") else 0) + draw(*parameter.shape, scale=0.2))
        else:
            parameter.copy_(draw(*parameter.shape, scale=1.0 / parameter[0].numel() ** 0.5))
with tempfile.TemporaryDirectory() as folder:
    swin.save_pretrained(folder)
    published = load_file(f"{folder}/model.safetensors")
# Which published tensor a module's parameter is: by its values, which are all different.
swin_names = {}
for name, parameter in swin.named_parameters():
    [key] = [key for key, value in published.items() if value.shape == parameter.shape and torch.equal(value.double(), parameter)]
    swin_names[name] = swin_prefix + key

W = {}


def linear(name, inputs, outputs, scale=1.0):
    W[f"{name}.weight"] = draw(outputs, inputs, scale=scale / inputs**0.5)
    W[f"{name}.bias"] = draw(outputs, scale=0.2)


def norm(name, size):
    W[f"{name}.weight"] = 1 + draw(size, scale=0.2)
    W[f"{name}.weight"] = W[f"{name}.weight"].float().double()
    W[f"{name}.bias"] = draw(size, scale=0.2)


def deformable(name):
    linear(f"{name}.sampling_offsets", width, heads * levels * points * 2, 0.7)
    linear(f"{name}.attention_weights", width, heads * levels * points)
    linear(f"{name}.value_proj", width, width)
    linear(f"{name}.output_proj", width, width)


def network(name, sizes):
    for i, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        linear(f"{name}.layers.{i}", inputs, outputs)


for level, inputs in enumerate(channels):
    W[f"model.input_proj.{level}.0.weight"] = draw(width, inputs, 1, 1, scale=inputs**-0.5)
    W[f"model.input_proj.{level}.0.bias"] = draw(width, scale=0.2)
    norm(f"model.input_proj.{level}.1", width)
W["model.input_proj.2.0.weight"] = draw(width, channels[-1], 3, 3, scale=(9 * channels[-1]) ** -0.5)
W["model.input_proj.2.0.bias"] = draw(width, scale=0.2)
norm("model.input_proj.2.1", width)
W["model.level_embed"] = draw(levels, width)
W["model.query_position_embeddings.weight"] = draw(queries, 2 * width)
linear("model.reference_points", width, 2)
for i in range(depth):
    layer = f"model.encoder.layers.{i}"
    deformable(f"{layer}.self_attn")
    norm(f"{layer}.self_attn_layer_norm", width)
    linear(f"{layer}.fc1", width, hidden)
    linear(f"{layer}.fc2", hidden, width)
    norm(f"{layer}.final_layer_norm", width)
    layer = f"model.decoder.layers.{i}"
    for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
        linear(f"{layer}.self_attn.{part}", width, width)
    norm(f"{layer}.self_attn_layer_norm", width)
    deformable(f"{layer}.encoder_attn")
    norm(f"{layer}.encoder_attn_layer_norm", width)
    linear(f"{layer}.fc1", width, hidden)
    linear(f"{layer}.fc2", hidden, width)
    norm(f"{layer}.final_layer_norm", width)
for i in range(depth + 1):
    linear(f"class_embed.{i}", width, classes)
    network(f"bbox_embed.{i}", [width, width, width, 4])
linear("model.enc_output", width, width)
norm("model.enc_output_norm", width)
linear("model.pos_trans", 2 * width, 2 * width)
norm("model.pos_trans_norm", 2 * width)
W["model.tgt_embed.weight"] = draw(queries, width)
W["model.label_enc.weight"] = draw(classes, width)
network("model.decoder.ref_point_head", [2 * width, width, width])
for value in W.values():
    value.requires_grad_(True)


def lin(name, x):
    return F.linear(x, W[f"{name}.weight"], W[f"{name}.bias"])


def layer_norm(name, x):
    return F.layer_norm(x, x.shape[-1:], W[f"{name}.weight"], W[f"{name}.bias"], 1e-5)


def mlp(name, x, count):
    for i in range(count):
        x = lin(f"{name}.layers.{i}", x)
        x = x if i == count - 1 else x.relu()
    return x


def inverse_sigmoid(x, eps=1e-5):
    x = x.clamp(0, 1)
    return torch.log(x.clamp(min=eps) / (1 - x).clamp(min=eps))


def run(branches, x, alpha, beta):
    previous = x
    for branch in branches:
        x, previous = branch(x) + alpha * x + beta * previous, x
    return x


def post_norm(name, branch):
    return lambda x: layer_norm(name, x + branch(x)) - x


def swin_maps(pixels, alpha, beta):
    """[batch, channels, height, width] of each stage, after its norm."""
    x, (rows, columns) = swin.swin.embeddings(pixels)
    maps = []

    def attention(block, size):
        def branch(x):
            # The published block without its MLP is x + attention(x).
            kept = block.mlp.forward
            block.mlp.forward = torch.zeros_like
            try:
                return block(x, size, always_partition=True)[0] - x
            finally:
                block.mlp.forward = kept

        return branch

    def feed(block):
        return lambda x: block.mlp(block.layernorm_after(x))

    for s, stage in enumerate(swin.swin.encoder.layers):
        branches = [branch for block in stage.blocks for branch in (attention(block, (rows, columns)), feed(block))]
        x = run(branches, x, alpha, beta)
        normed = swin.hidden_states_norms[f"stage{s + 1}"](x)
        maps.append(normed.transpose(1, 2).reshape(len(x), -1, rows, columns))
        if stage.downsample is not None:
            x = stage.downsample(x, (rows, columns))
            rows, columns = (rows + 1) // 2, (columns + 1) // 2
    return maps


def sine(mask):
    """[batch, cells, width] of a map's mask [batch, height, width], true where it is no padding."""
    inside = mask.double()
    y, x = inside.cumsum(1), inside.cumsum(2)
    y = (y - 0.5) / (y[:, -1:] + 1e-6) * 2 * math.pi
    x = (x - 0.5) / (x[:, :, -1:] + 1e-6) * 2 * math.pi
    slower = 10000 ** (2 * torch.div(torch.arange(width // 2), 2, rounding_mode="floor").double() / (width // 2))

    def turns(places):
        angles = places[..., None] / slower
        return torch.stack((angles[..., 0::2].sin(), angles[..., 1::2].cos()), -1).flatten(-2)

    return torch.cat((turns(y), turns(x)), -1).flatten(1, 2)


def box_sine(boxes, features):
    slower = 10000 ** (2 * torch.div(torch.arange(features), 2, rounding_mode="floor").double() / features)
    angles = boxes[..., None] * 2 * math.pi / slower
    return torch.stack((angles[..., 0::2].sin(), angles[..., 1::2].cos()), -1).flatten(-3)


def deform(name, query, source, references, shapes, mask):
    batch, count, _ = query.shape
    values = lin(f"{name}.value_proj", source).masked_fill(~mask[..., None], 0.0)
    offsets = lin(f"{name}.sampling_offsets", query).view(batch, count, heads, levels, points, 2)
    weights = lin(f"{name}.attention_weights", query).view(batch, count, heads, levels * points).softmax(-1)
    if references.shape[-1] == 2:
        cells = torch.tensor([[w, h] for h, w in shapes], dtype=torch.float64)
        locations = references[:, :, None, :, None] + offsets / cells[:, None]
    else:
        locations = references[:, :, None, :, None, :2] + offsets / points * references[:, :, None, :, None, 2:] * 0.5
    result, begin = 0, 0
    for level, (rows, columns) in enumerate(shapes):
        own = values[:, begin : begin + rows * columns].view(batch, rows, columns, heads, width // heads)
        own = own.permute(0, 3, 4, 1, 2).flatten(0, 1)
        grid = (2 * locations[:, :, :, level] - 1).transpose(1, 2).flatten(0, 1)
        read = F.grid_sample(own, grid, padding_mode="zeros", align_corners=False)
        weight = weights.view(batch, count, heads, levels, points)[:, :, :, level].transpose(1, 2).flatten(0, 1)
        result = result + (read * weight[:, None]).sum(-1)
        begin += rows * columns
    read = result.view(batch, heads, width // heads, count).permute(0, 3, 1, 2).reshape(batch, count, width)
    return lin(f"{name}.output_proj", read)


def attend(name, x, position, mask):
    batch, count, _ = x.shape

    def apart(part, of):
        return lin(f"{name}.{part}", of).view(batch, count, heads, -1).transpose(1, 2)

    q, k, v = apart("q_proj", x + position), apart("k_proj", x + position), apart("v_proj", x)
    scores = q @ k.transpose(2, 3) / (width // heads) ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask[:, None], -math.inf)
    return lin(f"{name}.out_proj", (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, count, width))


def detector(config, pixels, valid, alpha=1.0, beta=0.0, denoising=None):
    batch = len(pixels)
    refine, two_stage = config.get("with_box_refine", False), config.get("two_stage", False)
    mixed, twice = config.get("mixed_query_selection", False), config.get("look_forward_twice", False)
    boxed = config.get("box_query_positions", False)
    shared = config.get("shared_heads", not refine)
    pixel_mask = torch.zeros(batch, *pixels.shape[2:], dtype=torch.bool)
    for i, (rows, columns) in enumerate(valid):
        pixel_mask[i, :rows, :columns] = True
    maps = swin_maps(pixels, alpha, beta)
    sources = []
    for level in range(levels):
        name = f"model.input_proj.{level}"
        stride, padding = (1, 0) if level < len(maps) else (2, 1)
        of = maps[level] if level < len(maps) else maps[-1]
        made = F.conv2d(of, W[f"{name}.0.weight"], W[f"{name}.0.bias"], stride=stride, padding=padding)
        sources.append(F.group_norm(made, 32, W[f"{name}.1.weight"], W[f"{name}.1.bias"]))
    shapes = [tuple(source.shape[2:]) for source in sources]
    masks = [F.interpolate(pixel_mask[None].double(), size=shape)[0].bool() for shape in shapes]
    mask = torch.cat([m.flatten(1) for m in masks], 1)
    ratios = torch.stack([torch.stack((m[:, 0].double().mean(1), m[:, :, 0].double().mean(1)), -1) for m in masks], 1)
    position = torch.cat([sine(m) + W["model.level_embed"][level] for level, m in enumerate(masks)], 1)
    x = torch.cat([source.flatten(2).transpose(1, 2) for source in sources], 1)
    references, centres = [], []
    for level, (rows, columns) in enumerate(shapes):
        y, c = torch.meshgrid(torch.arange(rows).double() + 0.5, torch.arange(columns).double() + 0.5, indexing="ij")
        one = torch.stack((c.reshape(-1), y.reshape(-1)), -1)[None]
        references.append(one / (ratios[:, None, level] * torch.tensor([columns, rows])))
        counts = torch.stack((masks[level][:, 0].sum(1), masks[level][:, :, 0].sum(1)), -1)
        centres.append(torch.cat((one / counts[:, None], torch.full((batch, rows * columns, 2), 0.05 * 2.0**level, dtype=torch.float64)), -1))
    references = torch.cat(references, 1)[:, :, None] * ratios[:, None]

    def encoder_layer(i):
        layer = f"model.encoder.layers.{i}"
        return [
            post_norm(f"{layer}.self_attn_layer_norm", lambda x: deform(f"{layer}.self_attn", x + position, x, references, shapes, mask)),
            post_norm(f"{layer}.final_layer_norm", lambda x: lin(f"{layer}.fc2", lin(f"{layer}.fc1", x).relu())),
        ]

    memory = run([branch for i in range(depth) for branch in encoder_layer(i)], x, alpha, beta)
    proposals = None
    if two_stage:
        begin = torch.cat(centres, 1)
        usable = ((begin > 0.01) & (begin < 0.99)).all(-1) & mask
        logit = torch.where(usable[..., None], torch.log(begin / (1 - begin)), torch.tensor(1e4, dtype=torch.float64))
        objects = layer_norm("model.enc_output_norm", lin("model.enc_output", memory.masked_fill(~usable[..., None], 0.0)))
        scores = lin(f"class_embed.{depth}", objects)
        coordinates = mlp(f"bbox_embed.{depth}", objects, 3) + logit
        best = (scores.max(-1)[0] if mixed else scores[..., 0]).topk(queries, 1)[1]
        pick = lambda of: of.gather(1, best[..., None].expand(-1, -1, of.shape[-1]))
        proposals = (pick(scores), pick(coordinates).sigmoid())
        reference = pick(coordinates).detach().sigmoid()
        if mixed:
            content = W["model.tgt_embed.weight"].expand(batch, -1, -1)
        else:
            made = layer_norm("model.pos_trans_norm", lin("model.pos_trans", box_sine(reference, width // 2)))
            query_position, content = made.split(width, 2)
    else:
        query_position, content = W["model.query_position_embeddings.weight"].split(width, 1)
        query_position, content = [part.expand(batch, -1, -1) for part in (query_position, content)]
        reference = lin("model.reference_points", query_position).sigmoid()
    attention_mask = None
    if denoising:
        labels, boxes, groups = denoising
        count = labels.shape[1]
        content = torch.cat((W["model.label_enc.weight"][labels], content), 1)
        reference = torch.cat((boxes, reference), 1)
        total = content.shape[1]
        attention_mask = torch.zeros(batch, total, total, dtype=torch.bool)
        attention_mask[:, :, count:] = True
        there = (boxes[..., 2:] > 0).any(-1)
        for g in range(groups):
            own = slice(g * count // groups, (g + 1) * count // groups)
            attention_mask[:, own, own] = there[:, None, own]
    layers = []
    base = inverse_sigmoid(reference)
    x = content
    for i in range(depth):
        seen = reference[:, :, None] * torch.cat([ratios] * (reference.shape[-1] // 2), -1)[:, None]
        if boxed:
            # Heights before widths among the centre's numbers, as in DINO: y, x, w, h.
            order = seen[:, :, 0][..., [1, 0, 2, 3]]
            query_position = mlp("model.decoder.ref_point_head", box_sine(order, width // 2), 2)
        layer = f"model.decoder.layers.{i}"
        x = run(
            [
                post_norm(f"{layer}.self_attn_layer_norm", lambda x: attend(f"{layer}.self_attn", x, query_position, attention_mask)),
                post_norm(
                    f"{layer}.encoder_attn_layer_norm",
                    lambda x: deform(f"{layer}.encoder_attn", x + query_position, memory, seen, shapes, mask),
                ),
                post_norm(f"{layer}.final_layer_norm", lambda x: lin(f"{layer}.fc2", lin(f"{layer}.fc1", x).relu())),
            ],
            x,
            alpha,
            beta,
        )
        head = 0 if shared else i
        delta = mlp(f"bbox_embed.{head}", x, 3)
        logit = delta + F.pad(base, (0, 4 - base.shape[-1]))
        layers.append((lin(f"class_embed.{head}", x), logit.sigmoid()))
        if refine:
            # Both begin at boxes that send no gradient back, but the next layer's own base may (look forward twice).
            detached = delta + F.pad(inverse_sigmoid(reference).detach(), (0, 4 - base.shape[-1]))
            reference = logit.sigmoid().detach()
            base = inverse_sigmoid(detached.sigmoid() if twice else reference)
    return layers, proposals


def published_model(config):
    """transformers' own, with these weights."""
    model = DeformableDetrForObjectDetection(DeformableDetrConfig(backbone_config=copy.deepcopy(swin_config), **common, **config)).double().eval()
    with torch.no_grad():
        own = dict(swin.named_parameters())
        for name, parameter in model.model.backbone.model.named_parameters():
            parameter.copy_(own[name])
        for name, parameter in model.named_parameters():
            if "backbone" in name or "embed." in name:
                continue
            parameter.copy_(W[name.replace(".mlp.fc", ".fc").replace(".o_proj", ".out_proj")])
        heads_of = {
            "class_embed": torch.nn.ModuleList(torch.nn.Linear(width, classes).double() for _ in model.class_embed),
            "bbox_embed": torch.nn.ModuleList(type(model.bbox_embed[0])(width, width, 4, 3).double() for _ in model.bbox_embed),
        }
        for kind, modules in heads_of.items():
            for i, module in enumerate(modules):
                for name, parameter in module.named_parameters():
                    parameter.copy_(W[f"{kind}.{i if config.get('with_box_refine') else 0}.{name}"])
            setattr(model, kind, modules)
            if getattr(model.model.decoder, kind, None) is not None:
                setattr(model.model.decoder, kind, modules)
        model.model.query_position_embeddings = model.model.query_position_embeddings if not config.get("two_stage") else None
        if not config.get("two_stage"):
            model.model.query_position_embeddings.weight.copy_(W["model.query_position_embeddings.weight"])
    return model


pixels = draw(2, 3, height, across)
whole, padded = [(height, across)] * 2, [(height, across), (17, 21)]
labels = torch.tensor([[0, 2, 1, 1], [2, 0, 2, 0]])
noised = (torch.rand(2, 4, 4, dtype=torch.float64) * 0.5 + 0.2).float().double()
noised[1, 1], noised[1, 3] = 0, 0
expected = {"pixel_values": pixels, "denoising/labels": labels.double(), "denoising/boxes": noised}
denoising = (labels, noised, 2)
variants = {
    "plain": (dict(), whole, {}),
    "refine": (dict(with_box_refine=True), padded, {}),
    "two-stage": (dict(with_box_refine=True, two_stage=True), padded, {}),
    "dino": (dict(with_box_refine=True, two_stage=True, **dino_fields), padded, dict(denoising=denoising)),
    "dino-recurrence": (
        dict(with_box_refine=True, two_stage=True, **dino_fields),
        padded,
        dict(denoising=denoising, alpha=0.5, beta=0.5),
    ),
}
cotangents = {}
for variant, (config, valid, options) in variants.items():
    for tensor in [*W.values(), *swin.parameters()]:
        tensor.grad = None
    layers, proposals = detector(config, pixels, valid, **options)
    if not any(field in config for field in dino_fields):
        model = published_model(config)
        mask = torch.zeros(2, height, across, dtype=torch.long)
        for i, (rows, columns) in enumerate(valid):
            mask[i, :rows, :columns] = 1
        output = model(pixels, pixel_mask=mask)
        weight = torch.linspace(-1, 1, classes, dtype=torch.float64), torch.linspace(-1, 2, 4, dtype=torch.float64)
        ((output.logits * weight[0]).sum() + (output.pred_boxes * weight[1]).sum()).backward()
        ((layers[-1][0] * weight[0]).sum() + (layers[-1][1] * weight[1]).sum()).backward(retain_graph=True)
        # transformers has the proposals' positions in float32.
        tolerance = 1e-6 if config.get("two_stage") else 1e-9
        for own, theirs in zip(layers[-1], (output.logits, output.pred_boxes)):
            assert torch.allclose(own, theirs, rtol=tolerance, atol=tolerance), (variant, (own - theirs).abs().max())
        compared = 0
        for name, parameter in model.named_parameters():
            key = name.replace(".mlp.fc", ".fc").replace(".o_proj", ".out_proj").replace("model.decoder.class", "class").replace("model.decoder.bbox", "bbox")
            own = W.get(key)
            if parameter.grad is None or own is None or own.grad is None:
                continue
            # Without refinement all layers share the first head; here its gradient is in one place, there in each layer's.
            if "embed." in key and not config.get("with_box_refine"):
                continue
            compared += 1
            assert (own.grad - parameter.grad).abs().max() <= 30 * tolerance * parameter.grad.abs().max() + 1e-12, (variant, name)
        assert compared > 60, compared
        for tensor in [*W.values(), *swin.parameters()]:
            tensor.grad = None
    loss = 0
    outputs = {f"layer{i}": layer for i, layer in enumerate(layers)}
    if proposals:
        outputs["proposals"] = proposals
    for where, pair in outputs.items():
        for kind, value in zip(("logits", "boxes"), pair):
            # One cotangent for all variants: that of the longest, of which others take the end.
            name = f"cotangent/{where}/{kind}"
            if name not in expected:
                expected[name] = draw(2, queries + labels.shape[1], value.shape[2])
            loss = loss + (value * expected[name][:, -value.shape[1] :]).sum()
            expected[f"{variant}/{where}/{kind}"] = value.detach()
    loss.backward()
    gradients = {name: value.grad for name, value in W.items()} | {swin_names[name]: p.grad for name, p in swin.named_parameters()}
    refine, two_stage = config.get("with_box_refine"), config.get("two_stage")
    for name, gradient in gradients.items():
        if gradient is None:
            continue
        # The published places of heads that refine.
        if (refine and name.startswith("bbox_embed")) or (two_stage and name.startswith("class_embed")):
            name = f"model.decoder.{name}"
        expected[f"{variant}/grad/{name}"] = gradient.clone()
    fields = DeformableDetrConfig(backbone_config=swin_config, **common, **{k: v for k, v in config.items() if k not in dino_fields}).to_dict()
    fields |= {k: v for k, v in config.items() if k in dino_fields}
    kept = {"embed_dim", "depths", "num_heads", "window_size", "patch_size", "image_size", "drop_path_rate", "out_features", "model_type"}
    fields["backbone_config"] = {k: v for k, v in fields["backbone_config"].items() if k in kept}
    if not variant.endswith("recurrence"):
        with open(f"{here}/{variant}.json", "w") as file:
            json.dump(fields, file, indent=2, sort_keys=True, default=str)
            file.write("\n")

weights = {name: value.detach() for name, value in W.items()} | {swin_names[name]: p.detach() for name, p in swin.named_parameters()}
save_file({name: value.float().contiguous() for name, value in weights.items()}, f"{here}/model.safetensors", metadata={"format": "pt"})
save_file({name: value.float().contiguous() for name, value in expected.items()}, f"{here}/expected.safetensors")
print({key: value for key, value in expected.items() if "layer1/logits" in key and "grad" not in key})
