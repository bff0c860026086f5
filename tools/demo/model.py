# SPDX-License-Identifier: Apache-2.0
"""The demo's network: Qwen2-VL's two towers at a small size, with parameters named as in the published checkpoints.

The forward pass here is the fast one for training (one grid per batch, bfloat16 products, the constant prompt prefix run once
per batch, only the last token through the last layer). That it computes what transformers computes is checked by export.py.
Shapes: B pictures or texts, N patches, D model width, H heads, d head width, S tokens after the prefix, P prefix tokens.
"""
import torch, torch.nn as nn, torch.nn.functional as F

VISION = dict(depth=6, embed_dim=192, num_heads=3, mlp_ratio=4)
TEXT = dict(hidden_size=256, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2, intermediate_size=512)
THETA, EPS = 1e6, 1e-6
BF16 = torch.bfloat16


def rotary(x, cos, sin):
    """x [..., n, d], cos and sin [n, d/2]: the pair is (j, j + d/2)."""
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


def vision_angles(gh, gw, d):
    """Patch rows and columns in merge-block order -> angles [N, d/2]: the first half turns with the row, the second with the column."""
    row = torch.arange(gh).view(gh // 2, 1, 2, 1).expand(gh // 2, gw // 2, 2, 2).reshape(-1)
    col = torch.arange(gw).view(1, gw // 2, 1, 2).expand(gh // 2, gw // 2, 2, 2).reshape(-1)
    inv = 10000.0 ** (-torch.arange(0, d // 2, 2).float() / (d // 2))
    return torch.cat((row[:, None] * inv, col[:, None] * inv), -1)


def patches(x):
    """[B, 3, h, w] -> [B, N, 588], blocks of 2x2 patches together, channel then y then x inside a patch."""
    B, C, h, w = x.shape
    x = x.view(B, C, h // 28, 2, 14, w // 28, 2, 14).permute(0, 2, 5, 3, 6, 1, 4, 7)
    return x.reshape(B, (h // 14) * (w // 14), C * 196)


def vision_block(x, cos, sin, H, n1w, n1b, qkvw, qkvb, pw, pb, n2w, n2b, w1, b1, w2, b2):
    """One block of the vision tower, x [B, N, E]; a function of tensors, so that torch.compile makes it once for all blocks.

    quick_gelu(h) = h sigmoid(1.702 h) = silu(1.702 h) / 1.702: the caller has moved the factors into w1, b1 and w2."""
    B, N, E = x.shape
    d = E // H
    q, k, v = F.linear(F.layer_norm(x, (E,), n1w, n1b, EPS), qkvw, qkvb).view(B, N, 3, H, d).permute(2, 0, 3, 1, 4).unbind(0)
    s = (rotary(q, cos * d ** -.5, sin * d ** -.5) @ rotary(k, cos, sin).transpose(-1, -2)).softmax(-1)
    x = x + F.linear((s @ v).transpose(1, 2).reshape(B, N, E), pw, pb)
    h = F.silu(F.linear(F.layer_norm(x, (E,), n2w, n2b, EPS), w1, b1))
    return x + F.linear(h, w2, b2)


class Block(nn.Module):
    def __init__(self, D, H, ratio):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(D, EPS), nn.LayerNorm(D, EPS)
        self.attn, self.mlp = nn.Module(), nn.Module()
        self.attn.qkv, self.attn.proj = nn.Linear(D, 3 * D), nn.Linear(D, D)
        self.mlp.fc1, self.mlp.fc2 = nn.Linear(D, ratio * D), nn.Linear(ratio * D, D)
        self.H = H


class Layer(nn.Module):
    def __init__(self, D, H, K, M):
        super().__init__()
        d = D // H
        self.self_attn, self.mlp = nn.Module(), nn.Module()
        self.self_attn.q_proj, self.self_attn.k_proj = nn.Linear(D, H * d), nn.Linear(D, K * d)
        self.self_attn.v_proj, self.self_attn.o_proj = nn.Linear(D, K * d), nn.Linear(H * d, D, bias=False)
        self.mlp.gate_proj, self.mlp.up_proj = nn.Linear(D, M, bias=False), nn.Linear(D, M, bias=False)
        self.mlp.down_proj = nn.Linear(M, D, bias=False)
        self.input_layernorm, self.post_attention_layernorm = nn.RMSNorm(D, EPS), nn.RMSNorm(D, EPS)


class Demo(nn.Module):
    def __init__(self, vocab):
        super().__init__()
        V, T = VISION, TEXT
        D, E = T["hidden_size"], V["embed_dim"]
        self.visual, self.model = nn.Module(), nn.Module()
        self.visual.patch_embed = nn.Module()
        self.visual.patch_embed.proj = nn.Linear(588, E, bias=False)      # both (equal) frames added; split again on export
        self.visual.blocks = nn.ModuleList(Block(E, V["num_heads"], V["mlp_ratio"]) for _ in range(V["depth"]))
        self.visual.merger = nn.Module()
        self.visual.merger.ln_q = nn.LayerNorm(E, EPS)
        self.visual.merger.mlp = nn.Sequential(nn.Linear(4 * E, 4 * E), nn.GELU(), nn.Linear(4 * E, D))
        self.model.embed_tokens = nn.Embedding(vocab, D)
        self.model.layers = nn.ModuleList(Layer(D, T["num_attention_heads"], T["num_key_value_heads"], T["intermediate_size"])
                                          for _ in range(T["num_hidden_layers"]))
        self.model.norm = nn.RMSNorm(D, EPS)
        self.cache = {}
        self.init()

    def init(self):
        """Random, but for the vision tower's attention: its biases begin as a soft look at a neighbour.

        Rotated equal biases of q and k give a score that falls with the distance from an offset, so that the first blocks start
        like convolutions and short training need not discover neighbourhood."""
        for n, p in self.named_parameters():
            if p.dim() == 2 and "embed_tokens" not in n:
                nn.init.normal_(p, std=p.shape[1] ** -0.5)
                if n.endswith(("attn.proj.weight", "fc2.weight", "o_proj.weight", "down_proj.weight")):
                    p.data.mul_(0.3)
            elif "embed_tokens" in n:
                nn.init.normal_(p, std=0.5)
            elif n.endswith("bias"):
                nn.init.zeros_(p)
        H, E = VISION["num_heads"], VISION["embed_dim"]
        d = E // H
        inv = 10000.0 ** (-torch.arange(0, d // 2, 2).float() / (d // 2))
        near = torch.arange(len(inv)) < 4
        for i, blk in enumerate(self.visual.blocks):
            blk.attn.qkv.weight.data[:2 * E] *= 0.6
            strength = (3., 3., 3., 2., 0., 0.)[i] if i < 6 else 0.
            for h in range(H):
                turn = torch.tensor(2 * torch.pi * h / H + torch.pi * (i % 2))
                reach = (0.8, 0.8, 1.6, 1.6, 0., 0.)[i] if i < 6 else 0.
                angle = torch.cat((inv * turn.cos() * reach, inv * turn.sin() * reach))
                size = strength * torch.cat((near, near)).float()
                b = blk.attn.qkv.bias.data
                b[h * d:(h + 1) * d] = torch.cat((size * angle.cos(), size * angle.sin()))
                b[E + h * d:E + (h + 1) * d] = torch.cat((size, 0 * size))

    @torch.no_grad()
    def init_patches(self, x):
        """The patch embedding begins as the whitened principal parts of real patches x [n, 588]."""
        c = x - x.mean(0)
        power, axes = torch.linalg.eigh(c.T @ c / len(c))
        power, axes = power.flip(0), axes.flip(1)
        n = VISION["embed_dim"]
        w = axes[:, :n].T / (power[:n, None] + power[24]).sqrt()
        self.visual.patch_embed.proj.weight.copy_(w * 0.7)

    def lin(self, x, m):
        return F.linear(x, m.weight.to(x.dtype), None if m.bias is None else m.bias.to(x.dtype))

    def ln(self, x, m):
        return F.layer_norm(x, (x.shape[-1],), m.weight.to(x.dtype), m.bias.to(x.dtype), EPS)

    def rms(self, x, m):
        return F.rms_norm(x, (x.shape[-1],), m.weight.to(x.dtype), EPS)

    def vision(self, pix, gh, gw):
        """pix [B, N, 588] -> [B, N/4, D]"""
        V = VISION
        H, E = V["num_heads"], V["embed_dim"]
        d = E // H
        k = ("v", gh, gw, pix.dtype)
        if k not in self.cache:
            a = vision_angles(gh, gw, d)
            self.cache[k] = (a.cos().to(pix.dtype), a.sin().to(pix.dtype))
        cos, sin = self.cache[k]
        x = self.lin(pix, self.visual.patch_embed.proj)
        for blk in self.visual.blocks:
            x = vision_block(x, cos, sin, H, *[p.to(x.dtype) for p in (
                blk.norm1.weight, blk.norm1.bias, blk.attn.qkv.weight, blk.attn.qkv.bias, blk.attn.proj.weight, blk.attn.proj.bias,
                blk.norm2.weight, blk.norm2.bias, blk.mlp.fc1.weight * 1.702, blk.mlp.fc1.bias * 1.702,
                blk.mlp.fc2.weight * (1 / 1.702), blk.mlp.fc2.bias)])
        m = self.visual.merger
        x = self.ln(x, m.ln_q).view(len(x), -1, 4 * E)
        return self.lin(F.gelu(self.lin(x, m.mlp[0])), m.mlp[2])

    def angles(self, start, n, dtype):
        k = ("t", start, n, dtype)
        if k not in self.cache:
            d = TEXT["hidden_size"] // TEXT["num_attention_heads"]
            a = torch.arange(start, start + n)[:, None] * THETA ** (-torch.arange(0, d, 2).float() / d)
            self.cache[k] = (a.cos().to(dtype), a.sin().to(dtype))
        return self.cache[k]

    def heads(self, x, layer, start):
        """x [B, S, D] normalised -> q [B, K, G*S, d] (query heads of a group stacked), k and v [B, K, S, d]"""
        B, S, _ = x.shape
        H, K = TEXT["num_attention_heads"], TEXT["num_key_value_heads"]
        a, d = layer.self_attn, TEXT["hidden_size"] // H
        cos, sin = self.angles(start, S, x.dtype)
        q = rotary(self.lin(x, a.q_proj).view(B, S, H, d).transpose(1, 2), cos * d ** -.5, sin * d ** -.5)
        k = rotary(self.lin(x, a.k_proj).view(B, S, K, d).transpose(1, 2), cos, sin)
        v = self.lin(x, a.v_proj).view(B, S, K, d).transpose(1, 2)
        return q.reshape(B, K, (H // K) * S, d), k, v

    def mlp(self, x, layer):
        h = self.rms(x, layer.post_attention_layernorm)
        return x + self.lin(F.silu(self.lin(h, layer.mlp.gate_proj)) * self.lin(h, layer.mlp.up_proj), layer.mlp.down_proj)

    def prefix(self, ids, dtype=BF16):
        """ids [P] -> the keys and values of every layer, [1, K, P, d]"""
        x = self.model.embed_tokens.weight[ids][None].to(dtype)
        P, out = len(ids), []
        G = TEXT["num_attention_heads"] // TEXT["num_key_value_heads"]
        mask = torch.full((P, P), float("-inf"), dtype=dtype).triu(1).repeat(G, 1)
        for i, layer in enumerate(self.model.layers):
            q, k, v = self.heads(self.rms(x, layer.input_layernorm), layer, 0)
            out.append((k, v))
            if i + 1 < len(self.model.layers):
                o = (q @ k.transpose(-1, -2) + mask).softmax(-1) @ v
                x = self.mlp(x + self.lin(self.join(o, P), layer.self_attn.o_proj), layer)
        return out

    def join(self, o, S):
        B, K, GS, d = o.shape
        return o.view(B, K * (GS // S), S, d).transpose(1, 2).reshape(B, S, -1)

    def decode(self, x, prefix, last):
        """x [B, S, D] the tokens after the prefix, last [B] index of the final one -> unit vectors [B, D] in float32"""
        B, S, D = x.shape
        P = prefix[0][0].shape[2]
        G = TEXT["num_attention_heads"] // TEXT["num_key_value_heads"]
        mask = torch.full((S, S), float("-inf"), dtype=x.dtype).triu(1)
        pick = torch.arange(B)
        for i, layer in enumerate(self.model.layers):
            q, k, v = self.heads(self.rms(x, layer.input_layernorm), layer, P)
            pk, pv = prefix[i]
            k = torch.cat((pk.expand(B, -1, -1, -1), k), 2)
            v = torch.cat((pv.expand(B, -1, -1, -1), v), 2)
            final = i + 1 == len(self.model.layers)
            m = torch.cat((mask.new_zeros(S, P), mask), 1)
            n = S
            if final:                          # only the last token's vector is used
                d = q.shape[-1]
                q = q.view(B, -1, G, S, d)[pick, :, :, last]                       # [B, K, G, d]
                m, n, x = m[last][:, None, None, :], 1, x[pick, last][:, None]
                s = q @ k.transpose(-1, -2) + m.view(B, 1, 1, -1)
            else:
                s = q @ k.transpose(-1, -2) + m.repeat(G, 1)
            x = self.mlp(x + self.lin(self.join(s.softmax(-1) @ v, n), layer.self_attn.o_proj), layer)
        return F.normalize(self.rms(x[:, 0].float(), self.model.norm), dim=-1)

    def embed(self, ids, dtype=BF16):
        return F.embedding(ids, self.model.embed_tokens.weight).to(dtype)
