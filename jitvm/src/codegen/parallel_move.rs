//! Orders moves that happen at once, so that none overwrites what another still reads.

use super::Location;
use super::registers::Register;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Move {
    pub to: Location,
    pub from: Location,
}

/// Takes the moves (no two with one destination) and appends them to `out` as a sequence that has their effect, with
/// the vector scratch register or, if nothing else needs it, the general one to break cycles.
pub(super) fn order(moves: &mut Vec<Move>, out: &mut Vec<Move>) {
    moves.retain(|m| m.to != m.from);
    let register = |location: Location| Register::of(location).is_some();
    // The assembler moves between memory, and large constants to memory, through the general scratch register.
    let scratch_taken = moves.iter().any(|m| !register(m.to) && !register(m.from));
    while !moves.is_empty() {
        let free = moves.iter().position(|m| moves.iter().all(|other| other.from != m.to));
        if let Some(index) = free {
            out.push(moves.swap_remove(index));
            continue;
        }
        // Only cycles are left: put one source aside.
        let source = moves[0].from;
        let general = matches!(source, Location::General(_)) && !scratch_taken;
        let aside = if general { Register::SCRATCH } else { Register::VECTOR_SCRATCH }.location();
        out.push(Move { to: aside, from: source });
        for m in moves.iter_mut().filter(|m| m.from == source) {
            m.from = aside;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Ref;

    /// Runs a sequence on a model machine and compares it with all moves at once.
    fn check(moves: &[Move]) {
        let value = |state: &[(Location, u32)], at: Location| state.iter().rev().find(|s| s.0 == at).map(|s| s.1);
        let mut state: Vec<(Location, u32)> = Vec::new();
        for (n, m) in moves.iter().enumerate() {
            for (k, at) in [m.to, m.from].into_iter().enumerate() {
                if value(&state, at).is_none() {
                    state.push((at, (2 * n + k) as u32));
                }
            }
        }
        let expected: Vec<_> = moves.iter().map(|m| (m.to, value(&state, m.from))).collect();
        let mut sequence = Vec::new();
        order(&mut moves.to_vec(), &mut sequence);
        for m in &sequence {
            let bits = value(&state, m.from).expect("source was written");
            let memory = |l: Location| matches!(l, Location::Spill(_) | Location::Constant(_));
            if memory(m.to) && memory(m.from) {
                state.push((Register::SCRATCH.location(), 9999));
            }
            state.push((m.to, bits));
        }
        for (to, bits) in expected {
            assert_eq!(value(&state, to), bits, "{moves:?} -> {sequence:?}");
        }
    }

    #[test]
    fn sequences_have_the_effect_of_the_moves_at_once() {
        let places: Vec<Location> = (0..3)
            .flat_map(|n| [Location::General(n), Location::Vector(n), Location::Spill(u16::from(n))])
            .chain([Location::Constant(Ref::constant(0)), Location::Constant(Ref::constant(1))])
            .collect();
        let mut seed = 12345u64;
        let mut random = |below: usize| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) as usize % below
        };
        for _ in 0..3000 {
            let mut targets = places[..9].to_vec();
            let count = 1 + random(9);
            let moves: Vec<Move> = (0..count)
                .map(|_| {
                    let to = targets.swap_remove(random(targets.len()));
                    Move { to, from: places[random(places.len())] }
                })
                .collect();
            check(&moves);
        }
    }
}
