"""Makes the reference of YOLOS in this folder: random weights and inputs, outputs and gradients in float64.

    pip install torch transformers safetensors numpy && python make.py

The network is transformers' YolosForObjectDetection. `dr2net-a0.5-b0.6` is x_(i+1) = F_i(x_i) + alpha*x_i + beta*x_(i-1) over its
sub-blocks, with the positions of a block inside its attention branch, F(x) = p + attention(LN(x + p)). `resized` is the published
network on a larger picture, whose positions it resamples.
"""

import os

import torch
from safetensors.torch import save_file
from transformers import YolosConfig, YolosForObjectDetection

here = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(20240101)
config = YolosConfig(
    hidden_size=16,
    num_hidden_layers=3,
    num_attention_heads=2,
    intermediate_size=32,
    image_size=[16, 24],
    patch_size=8,
    num_detection_tokens=5,
    use_mid_position_embeddings=True,
    num_labels=3,
    layer_norm_eps=1e-12,
    attn_implementation="sdpa",
)
model = YolosForObjectDetection(config).double().eval()
with torch.no_grad():
    for name, parameter in model.named_parameters():
        noise = torch.randn_like(parameter)
        if parameter.ndim == 1:
            parameter.copy_((1 + 0.25 * noise) if "layernorm" in name and name.endswith("weight") else 0.2 * noise)
        else:
            parameter.copy_(noise * (0.5 if "embedding" in name or "token" in name else 1.2 / parameter.shape[-1] ** 0.5))
        parameter.copy_(parameter.float().double())


def published(name):
    """The key of a saved file: this one tensor is held under another."""
    return name.replace("encoder.interpolation.", "encoder.")


def rounded(*shape):
    return torch.randn(*shape, dtype=torch.float64).float().double()


pixels = rounded(2, 3, 16, 24)
larger = rounded(1, 3, 24, 40)
cotangents = {"logits": rounded(2, 5, 4), "boxes": rounded(2, 5, 4)}
expected = {
    "input.pixel_values": pixels,
    "resized/input.pixel_values": larger,
    "cotangent/logits": cotangents["logits"],
    "cotangent/boxes": cotangents["boxes"],
}


def record(variant, logits, boxes):
    model.zero_grad()
    loss = (logits * cotangents["logits"]).sum() + (boxes * cotangents["boxes"]).sum()
    loss.backward()
    expected[f"{variant}/logits"] = logits.detach()
    expected[f"{variant}/boxes"] = boxes.detach()
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            expected[f"{variant}/grad/{published(name)}"] = parameter.grad.clone()


def recurrence(alpha, beta):
    vit = model.vit
    x = vit.embeddings(pixels)
    previous = x
    for i, layer in enumerate(vit.encoder.layer):
        p = vit.encoder.interpolation.mid_position_embeddings[i - 1] if i > 0 else torch.zeros(1, 1, 1, dtype=torch.float64)
        attended = layer.attention(layer.layernorm_before(x + p))
        attended = attended[0] if isinstance(attended, tuple) else attended
        x, previous = p + attended + alpha * x + beta * previous, x
        inner = layer.intermediate(layer.layernorm_after(x))
        # The published output layer adds its second argument.
        x, previous = layer.output(inner, torch.zeros_like(x)) + alpha * x + beta * previous, x
    tokens = vit.layernorm(x)[:, -config.num_detection_tokens :]
    return model.class_labels_classifier(tokens), model.bbox_predictor(tokens).sigmoid()


output = model(pixels)
record("conventional", output.logits, output.pred_boxes)
own = recurrence(1, 0)
assert torch.allclose(own[0], output.logits, rtol=1e-12, atol=1e-12), "the recurrence at (1, 0) is the published network"
record("dr2net-a0.5-b0.6", *recurrence(0.5, 0.6))
with torch.no_grad():
    output = model(larger)
expected["resized/logits"] = output.logits
expected["resized/boxes"] = output.pred_boxes

save_file(
    {published(name): value.float().contiguous() for name, value in model.state_dict().items()},
    f"{here}/model.safetensors",
    metadata={"format": "pt"},
)
save_file({name: value.float().contiguous() for name, value in expected.items()}, f"{here}/expected.safetensors")
config.save_pretrained(here)
