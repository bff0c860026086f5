# SPDX-License-Identifier: Apache-2.0
"""Train the demo checkpoint: pictures against texts, on two processor cores, within a time budget.

Each step shows B different concepts, each with an English or Chinese text or both. Losses: (1) picture against text, and text
against text where there are both, contrastive within the batch, leaving out pairs that are partly right; (2) pictures and
(3) texts against one learned vector per concept, so that each sample meets all concepts; (4) the mean image token against a
linear classifier, a short way to the vision tower that fades out. The concept vectors and the classifier are thrown away at
the end. Matrices are updated by Muon, all else by AdamW; the exported weights are a moving average. State is saved every few minutes and
`--resume` goes on from it. The rate follows the elapsed share of `--minutes` (time spent training, kept in the state), since
a shared machine has no steady speed.
"""
import argparse, math, os, random, tempfile, time
import torch, torch.distributed as dist, torch.nn.functional as F

import texts as T, tokenizer as tk
from common import DEFAULT_SYSTEM, QUERY_SYSTEM, default_dir
from model import BF16, Demo, patches
from pictures import Atlas, batch, prepare

VOCAB = 5024                                   # 5,000 and 14 special tokens, rounded up as the real tables are
TINY = [(4, 4, 5), (4, 6, 1), (6, 4, 1)]       # grids early on, to learn the coarse things cheaply
FULL = [(6, 6, 8), (6, 8, 3), (8, 6, 2), (4, 10, 1), (10, 4, 1), (6, 10, 1), (10, 6, .5), (4, 8, .5), (8, 4, .5)]


class Muon(torch.optim.Optimizer):
    """Momentum whose update is made orthogonal (Newton-Schulz); fused q, k, v rows are treated apart.

    Matrices of one shape go through together, and each process does its share of them."""

    def __init__(self, params, lr, momentum=.95, decay=.01, rank=0, world=1, shared=None):
        super().__init__(params, dict(lr=lr, momentum=momentum, decay=decay))
        self.rank, self.world, self.shared = rank, world, shared

    @staticmethod
    def orthogonal(g):
        """[n, rows <= columns, columns]"""
        x = g.to(BF16)
        x = x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-7)
        for _ in range(5):
            a = x @ x.mT
            x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
        return x.float()

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            ps = [p for p in group["params"] if p.grad is not None]
            flat = torch.empty(sum(p.numel() for p in ps)) if self.shared is None else self.shared
            at, jobs = 0, {}
            for n, p in enumerate(ps):
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                m.lerp_(p.grad, 1 - group["momentum"])
                out = flat[at:at + p.numel()].view_as(p)
                at += p.numel()
                if n % self.world != self.rank:
                    continue
                u = p.grad.lerp(m, group["momentum"])
                k = 3 if p.shape[0] == 3 * p.shape[1] else 1
                for c, o in zip(u.chunk(k), out.chunk(k)):
                    jobs.setdefault(tuple(sorted(c.shape)), []).append((c, o))
            for items in jobs.values():
                tall = [c.shape[0] > c.shape[1] for c, _ in items]
                x = self.orthogonal(torch.stack([c.T if t else c for (c, _), t in zip(items, tall)]))
                for (c, o), t, y in zip(items, tall, x):
                    o.copy_(y.T if t else y).mul_(max(1, c.shape[0] / c.shape[1]) ** .5)
            if self.world > 1:                 # the others have written their matrices into the same memory
                dist.barrier()
            at = 0
            for p in ps:
                p.mul_(1 - group["lr"] * group["decay"]).add_(flat[at:at + p.numel()].view_as(p), alpha=-group["lr"])
                at += p.numel()


class Encoder:
    """Strings to padded ids, around the constant parts of the prompt."""

    def __init__(self, tok):
        self.tok = tok
        one = lambda s: tok.encode(s, add_special_tokens=False).ids
        self.prefix = {s: torch.tensor(one(f"<|im_start|>system\n{s}<|im_end|>\n<|im_start|>user\n")) for s in (DEFAULT_SYSTEM, QUERY_SYSTEM)}
        self.tail = one("<|im_end|>\n<|im_start|>assistant\n<|endoftext|>")
        self.vision = (tok.token_to_id("<|vision_start|>"), tok.token_to_id("<|vision_end|>"))

    def batch(self, strings, longest=40):
        rows = [e.ids[:longest] + self.tail for e in self.tok.encode_batch(strings, add_special_tokens=False)]
        return rows

    @staticmethod
    def pad(rows):
        n = max(map(len, rows))
        return torch.tensor([r + [0] * (n - len(r)) for r in rows]), torch.tensor([len(r) - 1 for r in rows])


def encode_texts(net, enc, strings, system, chunk=128):
    """Unit vectors [n, D]; sorted by length so that little is padded."""
    rows = enc.batch(strings)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    prefix = net.prefix(enc.prefix[system])
    out = []
    for lo in range(0, len(order), chunk):
        ids, last = enc.pad([rows[i] for i in order[lo:lo + chunk]])
        out.append(net.decode(net.embed(ids), prefix, last))
    back = torch.empty(len(order), dtype=torch.long)
    back[torch.tensor(order)] = torch.arange(len(order))
    return torch.cat(out)[back]


def see(net, x):
    """Pictures [B, 3, h, w] -> image tokens [B, N/4, D]"""
    return net.vision(patches(x).to(BF16), x.shape[2] // 14, x.shape[3] // 14)


def tell(net, enc, v, system=DEFAULT_SYSTEM):
    """Image tokens -> unit vectors [B, D]"""
    e = net.embed(torch.tensor([enc.vision[0], enc.vision[1]] + enc.tail))
    B = len(v)
    seq = torch.cat((e[:1].expand(B, 1, -1), v, e[1:].expand(B, len(e) - 1, -1)), 1)
    return net.decode(seq, net.prefix(enc.prefix[system]), torch.full((B,), seq.shape[1] - 1))


def contrast(a, b, scale, mask, weight=1.):
    """Symmetric cross entropy along the diagonal; mask marks pairs that are neither right nor wrong."""
    s = (a @ b.T * scale).masked_fill(mask, -1e4)
    y = torch.arange(len(a))
    return (F.cross_entropy(s, y) + F.cross_entropy(s.T, y)) * .5 * weight


def targets(sets, n):
    y = torch.zeros(len(sets), n)
    for k, s in enumerate(sets):
        y[k, list(s)] = 1 / len(s)
    return y


def overlap(a, b):
    """[n, n] True where the concept sets meet, the diagonal apart."""
    m = (a > 0).float() @ (b > 0).float().T > 0
    m.fill_diagonal_(False)
    return m


def save(path, **state):
    torch.save(state, path + ".part")
    os.replace(path + ".part", path)


def options():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--data", default=default_dir(), help="where prepare.py worked (default: %(default)s)")
    p.add_argument("--state", help="state file (default: DATA/state.pt)")
    p.add_argument("--minutes", type=float, default=60)
    p.add_argument("--batch", type=int, default=512)
    p.add_argument("--tiny", type=float, default=.3, help="share of the time with the small grids")
    p.add_argument("--lr", type=float, default=.02, help="Muon's; AdamW's is a tenth")
    p.add_argument("--alone", type=float, default=.4, help="share of the time in which the towers learn apart")
    p.add_argument("--easy", type=float, default=.15, help="how hard the pictures are at the start (0 to 1, the end)")
    p.add_argument("--hard", type=float, default=.7, help="and how hard they get")
    p.add_argument("--both", type=float, default=.25, help="share of steps with the texts of both languages")
    p.add_argument("--ema", type=float, default=.97)
    p.add_argument("--seed", type=int, default=7)
    p.add_argument("--processes", type=int, default=2, help="one thread each; they share the batch")
    p.add_argument("--resume", action="store_true")
    p.add_argument("--start", help="a state whose network to begin with (its concepts may differ)")
    p.add_argument("--steps", type=int, default=10 ** 9, help="stop after so many (to try things)")
    return p.parse_args()


def work(rank, a, meeting, memory):
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    if a.processes > 1:
        os.setsid()                            # Linux shares the processor by session: two workers, two shares
    if a.processes > 1:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        dist.init_process_group("gloo", init_method="file://" + meeting, rank=rank, world_size=a.processes)
    state_path = a.state or os.path.join(a.data, "state.pt")
    B = a.batch // a.processes
    say = (lambda *s: print(*s, flush=True)) if rank == 0 else (lambda *s: None)

    atlas = prepare(Atlas(a.data))
    enc = Encoder(tk.Tokenizer.from_file(os.path.join(a.data, "tokenizer", "tokenizer.json")))
    texts = T.Texts(atlas.concepts)
    C = len(atlas.concepts)

    net = Demo(VOCAB)
    head = torch.nn.ParameterDict(dict(proxy=F.normalize(torch.randn(C, 256), dim=-1), scale=torch.tensor(math.log(14.)),
                                       pscale=torch.tensor(math.log(16.))))
    by_adam = lambda n, q: q.dim() == 1 or "patch_embed" in n or "merger.mlp.0" in n
    hidden = [q for n, q in net.named_parameters() if not by_adam(n, q) and "embed_tokens" not in n]
    other = [q for n, q in net.named_parameters() if by_adam(n, q)]
    aux = torch.nn.Parameter(torch.randn(C, 256) / 16)
    every = list(net.parameters()) + list(head.parameters()) + [aux]
    grads, updates = memory or (None, None)
    muon = Muon(hidden, a.lr, rank=rank, world=a.processes, shared=updates)
    adam = torch.optim.AdamW([dict(params=other, lr=a.lr * .1, weight_decay=0.),
                              dict(params=[net.model.embed_tokens.weight], lr=a.lr * .3, weight_decay=.0),
                              dict(params=[head["proxy"]], lr=a.lr * .2, weight_decay=.0),
                              dict(params=[head["scale"], head["pscale"]], lr=a.lr * .05, weight_decay=0.)], betas=(.9, .98), eps=1e-9)
    extra = torch.optim.AdamW([aux], lr=a.lr * .1, weight_decay=.05, betas=(.9, .98))
    base = [[g["lr"] for g in o.param_groups] for o in (muon, adam, extra)]
    ema = {n: q.detach().clone() for n, q in net.named_parameters()}
    step, spent, order = 0, 0., []
    if a.resume and os.path.exists(state_path):
        s = torch.load(state_path, weights_only=False)
        net.load_state_dict(s["net"]); head.load_state_dict(s["head"]); muon.load_state_dict(s["muon"]); adam.load_state_dict(s["adam"])
        ema, step, spent = s["ema"], s["step"], s["spent"]
        if "aux" in s:
            aux.data.copy_(s["aux"]); extra.load_state_dict(s["extra"])
        say(f"resumed at step {step}, {spent / 60:.1f} min")
    say(sum(q.numel() for q in net.parameters()), "parameters,", C, "concepts,", sum(map(len, atlas.choices)), "drawings")

    saved, log = spent, []
    budget = a.minutes * 60
    if step == 0 and a.start:                  # weights of an earlier run, whose texts place the concepts
        net.load_state_dict(torch.load(a.start, weights_only=False)["net"])
        with torch.no_grad():
            head["proxy"].copy_(encode_texts(net, enc, [c["en"] for c in atlas.concepts], QUERY_SYSTEM))
            for n, q in net.named_parameters():
                ema[n].copy_(q)
    elif step == 0:
        r = random.Random(a.seed)
        with torch.no_grad():
            net.init_patches(patches(batch(atlas, texts, r, r.sample(range(C), 256), 6, 6)[0]).flatten(0, 1))
    while spent < budget and step < a.steps:
        t0 = time.time()
        shared, r = random.Random(f"{a.seed}-{step}"), random.Random(f"{a.seed}-{step}-{rank}")
        f = spent / budget
        lr = min(1, (step + 1) / 40) * (.02 + .98 * .5 * (1 + math.cos(math.pi * min(1, max(0, (f - .1) / .9)))))
        for o, bs in zip((muon, adam, extra), base):
            for g, b in zip(o.param_groups, bs):
                g["lr"] = b * lr
        grids = TINY if f < a.tiny else FULL
        gh, gw, _ = shared.choices(grids, [g[2] for g in grids])[0]
        both = shared.random() < a.both
        while len(order) < B:
            new = list(range(C))
            r.shuffle(new)
            order += [i for i in new if i not in order[-B:]]
        ids, order = order[:B], order[B:]

        # first the towers learn apart, pictures by the short way and every sixth time texts; then together
        alone = f < a.alone
        pictures, words = not alone or step % 6 < 5, not alone or step % 6 == 5
        li = lt = ln = short = torch.zeros(())
        zi, zt, yt = None, [], []
        with torch.no_grad():
            x, pairs, shown = batch(atlas, texts, r, ids, gh, gw, min(a.hard, a.easy + (1 - a.easy) * f / .6))
        t1 = time.time()
        yi = targets(shown, C)
        proxy = F.normalize(head["proxy"], dim=-1)
        ps, sc = head["pscale"].exp().clamp(max=40), head["scale"].exp().clamp(max=40)
        if pictures:
            v = see(net, x)
            short = F.cross_entropy(F.layer_norm(v.float().mean(1), (256,)) @ aux.T, yi)
        if words:
            zt = [encode_texts(net, enc, [t for t, _ in pairs[k]], QUERY_SYSTEM if shared.random() < .7 else DEFAULT_SYSTEM)
                  for k in range(1 + both)]
            yt = [targets([c for _, c in pairs[k]], C) for k in range(1 + both)]
            lt = sum(F.cross_entropy(z @ proxy.T * ps, y) for z, y in zip(zt, yt)) / len(zt)
        loss = lt * (1 if alone else .5) + short * (1 if alone else max(0., 1 - f))
        if not alone:
            zi = tell(net, enc, v)
            li = F.cross_entropy(zi @ proxy.T * ps, yi)
            ln = sum(contrast(zi, z, sc, overlap(yi, y)) for z, y in zip(zt, yt)) / len(zt)
            loss = loss + li + ln
        if both and words:
            loss = loss + .5 * contrast(zt[0], zt[1], sc, overlap(*yt))
        loss.backward()
        t2 = time.time()
        if a.processes > 1:                    # one mean gradient
            touched, at = [q for q in every if q.grad is not None], 0
            for q in touched:
                grads[rank, at:at + q.numel()].copy_(q.grad.flatten())
                at += q.numel()
            dist.barrier()
            at = 0
            for q in touched:
                q.grad.copy_(grads[:, at:at + q.numel()].mean(0).view_as(q))
                at += q.numel()
        torch.nn.utils.clip_grad_norm_(other + [net.model.embed_tokens.weight], 1.)
        muon.step(); adam.step(); extra.step()
        muon.zero_grad(set_to_none=True); adam.zero_grad(set_to_none=True); extra.zero_grad(set_to_none=True)
        if rank == 0:
            decay = min(a.ema, (step + 1) / (step + 10))
            with torch.no_grad():
                for n, q in net.named_parameters():
                    ema[n].lerp_(q, 1 - decay)
        with torch.no_grad():                  # how often the first answer is right, scenes (at the front) left out
            n = B // 4
            right = lambda z: (z.argmax(1)[n:] == torch.tensor(ids)[n:]).float().mean().item()
            seen = right(F.layer_norm(v.float().mean(1), (256,)) @ aux.T) if pictures else None
            hit = None if alone else right(zi @ proxy.T)
            pair = None if alone else (zi @ zt[0].T).argmax(1).eq(torch.arange(B)).float().mean().item()
        step += 1
        clock = torch.tensor([time.time() - t0])
        if a.processes > 1:
            dist.broadcast(clock, 0)
        dt = clock.item()
        spent += dt
        log.append(dict(short=short.item() if pictures else None, seen=seen, txt=lt.item() if words else None,
                        img=None if alone else li.item(), nce=None if alone else ln.item(), hit=hit, pair=pair,
                        step=dt, data=t1 - t0, update=time.time() - t2))
        if step % 20 == 0 or step <= 3:
            mean = {}
            for k in log[0]:
                have = [e[k] for e in log if e[k] is not None]
                mean[k] = sum(have) / len(have) if have else float("nan")
            log = []
            say(f"{step:5} {spent / 60:6.1f}m lr {lr:.3f} grid {gh}x{gw} " + " ".join(f"{k} {x:.3f}" for k, x in mean.items())
                + f" scales {ps.item():.1f} {sc.item():.1f}")
        if rank == 0 and (spent - saved > 150 or spent >= budget or step >= a.steps):
            saved = spent
            save(state_path, net=net.state_dict(), head=head.state_dict(), muon=muon.state_dict(), adam=adam.state_dict(), ema=ema,
                 aux=aux.data, extra=extra.state_dict(),
                 step=step, spent=spent, minutes=a.minutes, batch=a.batch, seed=a.seed)
    say(f"done: {step} steps, {spent / 60:.1f} min")
    if a.processes > 1:
        dist.destroy_process_group()


def main():
    a = options()
    folder = os.path.join(a.data, "tokenizer")
    if not os.path.exists(os.path.join(folder, "tokenizer.json")):
        tk.save(tk.train(T.corpus(Atlas(a.data).concepts)), folder)
    if a.processes == 1:
        return work(0, a, None, None)
    meeting = os.path.join(tempfile.mkdtemp(), "meeting")
    net = Demo(VOCAB)
    n = sum(q.numel() for q in net.parameters()) + len(Atlas(a.data).concepts) * 512 + 2
    memory = torch.zeros(a.processes, n).share_memory_(), torch.zeros(n).share_memory_()
    torch.multiprocessing.spawn(work, (a, meeting, memory), nprocs=a.processes)


if __name__ == "__main__":
    main()
