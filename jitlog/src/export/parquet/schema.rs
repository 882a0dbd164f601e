//! The tables and their columns. A column is never removed and never changes its meaning; new ones come last.
//!
//! Every table has `run`, the same for all rows of a log and different for others, so that tables of many logs can be
//! read together. Events have `ts`, microseconds of the wall clock without a time zone, and `t_ns`, nanoseconds since
//! the log was created.

/// What a column holds. All but lists may be null where the log does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Int,
    /// Nanoseconds since the log was created, nearly in order.
    Time,
    /// A moment of the wall clock, in microseconds, nearly in order.
    Moment,
    /// A fingerprint, the same in every process for the same thing.
    Hash,
    Float,
    Text,
    /// A list of fingerprints.
    Hashes,
}

pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
}

pub struct Spec {
    pub name: &'static str,
    pub columns: &'static [Column],
}

macro_rules! tables {
    ($($Table:ident $name:literal { $($column:literal $kind:ident,)* })*) => {
        /// A table, by its place in [`TABLES`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Table {
            $($Table,)*
        }

        /// Every table.
        pub const TABLES: &[Spec] = &[$(
            Spec { name: $name, columns: &[$(Column { name: $column, kind: Kind::$kind },)*] },
        )*];
    };
}

tables! {
    Process "process" {
        "run" Int, "run_id" Text, "service" Text, "host" Text, "pid" Int, "vm_name" Text, "vm_version" Text,
        "vm_commit" Text, "jit_config" Text, "cpu_model" Text, "argv" Text, "start_ts" Moment, "duration_ns" Int,
        "exit_kind" Text, "dropped_events" Int, "log_bytes" Int,
    }
    Trace "trace" {
        "run" Int, "trace_id" Int, "trace_fp" Hash, "kind" Text, "tier" Int, "file" Text, "func" Text, "line" Int,
        "parent_trace" Int, "parent_guard" Int, "t_ns" Time, "record_ns" Int, "compile_ns" Int, "codegen_ns" Int,
        "n_bytecodes" Int, "n_ir_in" Int, "n_ir_out" Int, "n_guards" Int, "code_bytes" Int, "outcome" Text,
        "abort_reason" Text, "exec_count" Int, "freed_t_ns" Int,
    }
    Guard "guard" {
        "run" Int, "guard_id" Int, "trace_id" Int, "guard_fp" Hash, "kind" Text, "file" Text, "line" Int,
        "fail_count" Int, "first_fail_t_ns" Int, "bridge_trace_id" Int, "expected" Text,
    }
    CounterTs "counter_ts" {
        "run" Int, "ts" Moment, "t_ns" Time, "kind" Text, "entity_id" Int, "delta" Int, "counter_id" Int,
    }
    Pass "pass" {
        "run" Int, "ts" Moment, "t_ns" Time, "trace_id" Int, "pass_idx" Int, "pass_name" Text, "dur_ns" Int,
        "ops_in" Int, "ops_out" Int, "guards_in" Int, "guards_out" Int,
    }
    Sample "sample" {
        "run" Int, "ts" Moment, "t_ns" Time, "thread" Int, "state" Int, "trace_id" Int, "loc_fp" Hash,
        "stack_fp" Hash, "weight_ns" Int, "samples" Int,
    }
    Bailout "bailout" {
        "run" Int, "ts" Moment, "t_ns" Time, "thread" Int, "guard_id" Int, "trace_id" Int, "reason" Text,
        "loc_fp" Hash, "stack_fp" Hash, "cost_ns" Int, "weight" Int, "expected" Text, "observed_type" Text,
        "observed_text" Text,
    }
    AllocSample "alloc_sample" {
        "run" Int, "ts" Moment, "t_ns" Time, "thread" Int, "loc_fp" Hash, "stack_fp" Hash, "type" Text,
        "size_bytes" Int, "weight_bytes" Int,
    }
    HeapTs "heap_ts" {
        "run" Int, "ts" Moment, "t_ns" Time, "used_bytes" Int, "committed_bytes" Int, "limit_bytes" Int,
        "allocated_total_bytes" Int, "live_objs" Int,
    }
    Codemem "codemem" {
        "run" Int, "ts" Moment, "t_ns" Time, "used_bytes" Int, "committed_bytes" Int, "limit_bytes" Int,
        "n_traces" Int,
    }
    Gc "gc" {
        "run" Int, "ts" Moment, "t_ns" Time, "thread" Int, "gc_id" Int, "kind" Text, "cause" Text, "pause_ns" Int,
        "before_bytes" Int, "after_bytes" Int, "promoted_bytes" Int, "freed_objs" Int,
    }
    Mark "mark" {
        "run" Int, "ts" Moment, "t_ns" Time, "thread" Int, "event" Text, "name" Text, "value" Float, "count" Int,
        "text" Text,
    }
    Loc "loc" {
        "run" Int, "loc_fp" Hash, "file" Text, "func" Text, "line" Int, "col" Int,
    }
    Stack "stack" {
        "run" Int, "stack_fp" Hash, "loc_fps" Hashes,
    }
    Decision "decision" {
        "run" Int, "ts" Moment, "t_ns" Time, "trace_id" Int, "about" Text, "reason" Text, "pass_idx" Int,
        "loc_fp" Hash, "callee" Text, "because_loc_fp" Hash,
    }
}
