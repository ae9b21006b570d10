//! Successive-cancellation list decoding.
//!
//! The code's binary tree is walked depth first. Each surviving path keeps, per level, the soft
//! values that its current node sees and the bits that its finished left sibling sent up. Nodes are
//! always written whole, so paths share them until one of them writes (the lazy copies of Tal and
//! Vardy): cloning a path copies slot numbers, not values. Subtrees without free bits, and those with
//! only their last bit free, are decided in one step with the metric that the full walk would give
//! (Sarkis et al., "Fast list decoders for polar codes", 2016).

/// One decoded codeword.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The codeword, `length` bits.
    pub word: Vec<bool>,
    /// Its penalty: smaller is more likely, 0 at best.
    pub penalty: f32,
}

/// What the decoder knows about one input bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    /// Zero.
    Frozen,
    /// This value.
    Known(bool),
    /// To be found.
    Free,
}

/// A subtree, by what has to be decided in it.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// All bits are zero.
    Frozen,
    /// Only the last bit is free: all symbols are equal.
    Repetition,
    /// A single bit of known value.
    Known(bool),
    /// Two halves.
    Split(Box<[Node; 2]>),
}

impl Node {
    /// The tree over `inputs`, whose number is a power of two.
    pub(super) fn tree(inputs: &[Input]) -> Self {
        match inputs {
            [Input::Known(bit)] => Self::Known(*bit),
            _ if inputs.iter().all(|&input| input == Input::Frozen) => Self::Frozen,
            [first @ .., Input::Free] if first.iter().all(|&input| input == Input::Frozen) => {
                Self::Repetition
            }
            _ => {
                let (left, right) = inputs.split_at(inputs.len() / 2);
                Self::Split(Box::new([Self::tree(left), Self::tree(right)]))
            }
        }
    }
}

/// Slots of one level, shared between paths by reference counting.
struct Pool<T> {
    slots: Vec<Vec<T>>,
    users: Vec<u32>,
}

impl<T: Copy + Default> Pool<T> {
    fn new() -> Self {
        Self {
            slots: Vec::new(),
            users: Vec::new(),
        }
    }

    /// A slot of `size` that only the caller uses, its content to be overwritten whole.
    fn claim(&mut self, size: usize) -> usize {
        let free = self.users.iter().position(|&users| users == 0);
        let slot = free.unwrap_or_else(|| {
            self.slots.push(vec![T::default(); size]);
            self.users.push(0);
            self.slots.len() - 1
        });
        self.users[slot] = 1;
        slot
    }

    /// A slot to overwrite in place of `slot`, which loses this user.
    fn reclaim(&mut self, slot: usize, size: usize) -> usize {
        if self.users[slot] == 1 {
            return slot;
        }
        self.users[slot] -= 1;
        self.claim(size)
    }
}

/// One path's slots per level, and its penalty.
#[derive(Clone)]
struct Path {
    soft: Vec<usize>,
    left: Vec<usize>,
    result: Vec<usize>,
    penalty: f32,
}

/// The working memory of one decoding.
pub(super) struct ListDecoder {
    list: usize,
    levels: usize,
    soft: Vec<Pool<f32>>,
    /// Bits as 0 or 1, so that combining them stays free of branches.
    bits: Vec<Pool<u8>>,
    paths: Vec<Path>,
}

impl ListDecoder {
    /// For codes of `length = 2^m` symbols, keeping up to `list` paths.
    pub(super) fn new(length: usize, list: usize) -> Self {
        let levels = length.trailing_zeros() as usize;
        let mut soft: Vec<Pool<f32>> = (0..=levels).map(|_| Pool::new()).collect();
        let mut bits: Vec<Pool<u8>> = (0..=levels).map(|_| Pool::new()).collect();
        let path = Path {
            soft: (0..=levels)
                .map(|level| soft[level].claim(1 << level))
                .collect(),
            left: (0..=levels)
                .map(|level| bits[level].claim(1 << level))
                .collect(),
            result: (0..=levels)
                .map(|level| bits[level].claim(1 << level))
                .collect(),
            penalty: 0.0,
        };
        Self {
            list,
            levels,
            soft,
            bits,
            paths: vec![path],
        }
    }

    /// The best codewords for one log-likelihood ratio per symbol.
    pub(super) fn decode(mut self, channel: &[f32], tree: &Node) -> Vec<Candidate> {
        let top = self.paths[0].soft[self.levels];
        self.soft[self.levels].slots[top].copy_from_slice(channel);
        self.walk(tree, self.levels);
        let mut candidates: Vec<Candidate> = self
            .paths
            .iter()
            .map(|path| Candidate {
                word: self.bits[self.levels].slots[path.result[self.levels]]
                    .iter()
                    .map(|&bit| bit == 1)
                    .collect(),
                penalty: path.penalty,
            })
            .collect();
        candidates.sort_by(|a, b| a.penalty.total_cmp(&b.penalty));
        candidates
    }

    fn walk(&mut self, node: &Node, level: usize) {
        match node {
            Node::Frozen => self.decide(level, false),
            Node::Known(bit) => self.decide(level, *bit),
            Node::Repetition => self.branch(level),
            Node::Split(halves) => {
                self.descend_left(level);
                self.walk(&halves[0], level - 1);
                self.descend_right(level);
                self.walk(&halves[1], level - 1);
                self.ascend(level);
            }
        }
    }

    /// All symbols of the node are `bit`.
    fn decide(&mut self, level: usize, bit: bool) {
        let sign = if bit { -1.0 } else { 1.0 };
        for path in &mut self.paths {
            path.penalty += penalty(&self.soft[level].slots[path.soft[level]], sign);
            let slot = self.bits[level].reclaim(path.result[level], 1 << level);
            path.result[level] = slot;
            self.bits[level].slots[slot].fill(u8::from(bit));
        }
    }

    /// All symbols of the node are equal: each path goes on with both values, the best survive.
    fn branch(&mut self, level: usize) {
        let mut options: Vec<(f32, usize, bool)> = Vec::with_capacity(2 * self.paths.len());
        for (index, path) in self.paths.iter().enumerate() {
            let soft = &self.soft[level].slots[path.soft[level]];
            let zeros = penalty(soft, 1.0);
            // Σ ln(1+e^x) = Σ ln(1+e^{−x}) + Σ x.
            let ones = zeros + soft.iter().sum::<f32>();
            options.push((path.penalty + zeros, index, false));
            options.push((path.penalty + ones.max(0.0), index, true));
        }
        options.sort_by(|a, b| a.0.total_cmp(&b.0));
        options.truncate(self.list);

        let parents = std::mem::take(&mut self.paths);
        let mut children: Vec<Path> = Vec::with_capacity(options.len());
        for &(penalty, parent, _) in &options {
            let child = Path {
                penalty,
                ..parents[parent].clone()
            };
            self.count(&child, true);
            children.push(child);
        }
        parents.iter().for_each(|parent| self.count(parent, false));
        for (child, &(_, _, bit)) in children.iter_mut().zip(&options) {
            let slot = self.bits[level].reclaim(child.result[level], 1 << level);
            child.result[level] = slot;
            self.bits[level].slots[slot].fill(u8::from(bit));
        }
        self.paths = children;
    }

    /// Adds or removes a user of each of the path's slots.
    fn count(&mut self, path: &Path, add: bool) {
        let step = |users: &mut u32| *users = if add { *users + 1 } else { *users - 1 };
        for level in 0..=self.levels {
            step(&mut self.soft[level].users[path.soft[level]]);
            step(&mut self.bits[level].users[path.left[level]]);
            step(&mut self.bits[level].users[path.result[level]]);
        }
    }

    fn descend_left(&mut self, level: usize) {
        let (below, above) = self.soft.split_at_mut(level);
        let Some(below) = below.last_mut() else {
            return;
        };
        for path in &mut self.paths {
            let slot = below.reclaim(path.soft[level - 1], 1 << (level - 1));
            path.soft[level - 1] = slot;
            let parent = &above[0].slots[path.soft[level]];
            let (a, b) = parent.split_at(parent.len() / 2);
            for ((out, &a), &b) in below.slots[slot].iter_mut().zip(a).zip(b) {
                *out = box_plus(a, b);
            }
        }
    }

    fn descend_right(&mut self, level: usize) {
        let (below, above) = self.soft.split_at_mut(level);
        let Some(below) = below.last_mut() else {
            return;
        };
        for path in &mut self.paths {
            // The finished left half's bits are kept for `ascend`.
            std::mem::swap(&mut path.left[level - 1], &mut path.result[level - 1]);
            let slot = below.reclaim(path.soft[level - 1], 1 << (level - 1));
            path.soft[level - 1] = slot;
            let parent = &above[0].slots[path.soft[level]];
            let (a, b) = parent.split_at(parent.len() / 2);
            let left = &self.bits[level - 1].slots[path.left[level - 1]];
            for (((out, &a), &b), &bit) in below.slots[slot].iter_mut().zip(a).zip(b).zip(left) {
                *out = b + (1.0 - 2.0 * f32::from(bit)) * a;
            }
        }
    }

    fn ascend(&mut self, level: usize) {
        let (below, above) = self.bits.split_at_mut(level);
        let (Some(below), Some(above)) = (below.last(), above.first_mut()) else {
            return;
        };
        for path in &mut self.paths {
            let slot = above.reclaim(path.result[level], 1 << level);
            path.result[level] = slot;
            let left = &below.slots[path.left[level - 1]];
            let right = &below.slots[path.result[level - 1]];
            let (low, high) = above.slots[slot].split_at_mut(right.len());
            high.copy_from_slice(right);
            for ((out, &a), &b) in low.iter_mut().zip(left).zip(right) {
                *out = a ^ b;
            }
        }
    }
}

/// `ln(1 + e^{−|x|})`, as a polynomial that vectorises; off by at most 0.02.
fn softplus_of_magnitude(x: f32) -> f32 {
    // ln 2 · (1 − |x| / 5.5)⁴: the exact value at 0, least squares over 0..=6 for the width.
    let t = (1.0 - x.abs() / 5.5).max(0.0);
    std::f32::consts::LN_2 * (t * t) * (t * t)
}

/// `2 atanh(tanh(a/2) tanh(b/2))`, the soft value of the sum of two bits.
fn box_plus(a: f32, b: f32) -> f32 {
    let minimum = a.abs().min(b.abs()).copysign(a * b);
    minimum + softplus_of_magnitude(a + b) - softplus_of_magnitude(a - b)
}

/// `Σ ln(1 + e^{−sign · x})`: how unlikely the soft values are if all bits say `sign`.
fn penalty(soft: &[f32], sign: f32) -> f32 {
    soft.iter()
        .map(|&x| (-sign * x).max(0.0) + softplus_of_magnitude(x))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softplus_is_close() {
        for i in 0..1000 {
            let x = i as f32 / 100.0;
            let exact = (-x).exp().ln_1p();
            assert!((softplus_of_magnitude(x) - exact).abs() < 0.02, "{x}");
        }
    }

    #[test]
    fn box_plus_is_close() {
        for a in -20..=20 {
            for b in -20..=20 {
                let (a, b) = (a as f32 / 3.0, b as f32 / 3.0);
                let exact = 2.0
                    * ((a / 2.0).tanh() * (b / 2.0).tanh())
                        .clamp(-0.999_999, 0.999_999)
                        .atanh();
                assert!(
                    (box_plus(a, b) - exact).abs() < 0.04,
                    "{a} {b}: {} {exact}",
                    box_plus(a, b)
                );
            }
        }
    }
}
