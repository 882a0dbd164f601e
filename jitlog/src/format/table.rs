//! The table of events: the one place where an event, its number, its fields and its description are written.
//!
//! Structs, writer methods, decoder, JSON, the schema in every file and the README's list come from it. Numbers, field
//! order and field types never change; a new field goes last in its event. Class D is a definition, E an event in
//! time, B a bulk payload. Units are in the names; id 0 means none.

/// Hands the table to a macro.
macro_rules! event_table {
    ($use:ident) => {
        $use! { 'a;
            /// New base for the time offsets of the records that follow in the block.
            1 timebase Timebase E {
                ticks: u64,
            }
            /// The log's clock against the system's.
            2 clock_sync ClockSync E {
                ticks: u64,
                mono_ns: u64,
                real_ns: i64,
            }
            /// An interned string.
            3 string StringDef<'a> D {
                id: StringId,
                text: &'a str,
            }
            /// A stream and the thread that writes it.
            4 stream StreamDef<'a> D {
                stream_id: StreamId,
                os_tid: u32,
                kind: StreamKind,
                name: &'a str,
            }
            /// The process, once, at the start.
            5 process ProcessDef<'a> D {
                vm_name: &'a str,
                vm_version: &'a str,
                vm_commit: &'a str,
                /// A JSON list.
                argv: &'a str,
                cwd: &'a str,
                exe: &'a str,
                host: &'a str,
                os: &'a str,
                arch: &'a str,
                cpu_model: &'a str,
                ncpu: u16,
                page_bytes: u32,
                /// The VM's parameters, a JSON object.
                config: &'a str,
            }
            /// A source file; its text may follow as source_text.
            6 source SourceDef<'a> D {
                source_id: SourceId,
                content_hash: Hash16,
                path: &'a str,
            }
            /// A function or other code object.
            7 func FuncDef<'a> D {
                func_id: FuncId,
                source_id: SourceId,
                line_first: u32,
                line_last: u32,
                name: &'a str,
            }
            /// A place in the program.
            8 loc LocDef D {
                loc_id: LocId,
                func_id: FuncId,
                /// Offset in the function's bytecode, in the VM's unit.
                bc_off: u32,
                line: u32,
                col: u16,
                /// xxh3-64 of source hash, function name and bc_off.
                loc_fp: Fingerprint,
            }
            /// A call stack: the innermost frame and the stack below it.
            9 stack StackDef D {
                stack_id: StackId,
                parent_stack: StackId,
                loc_id: LocId,
                frame_kind: FrameKind,
            }
            /// A mapped counter: a u64 in a COUNTERS block that code increments in place.
            10 counter CounterDef D {
                counter_id: CounterId,
                kind: CounterKind,
                unit: CounterUnit,
                /// The guard, trace, location or function it counts for.
                entity: u64,
                /// What else tells it apart, e.g. the observed type of guard_observed.
                detail: u64,
            }
            /// An operation of the bytecode or of the IR.
            11 opcode OpcodeDef<'a> D {
                set: OpcodeSet,
                op: u16,
                /// For the IR: 1 a is a ref, 2 b is a ref, 4 c is an immediate, 8 guard, 16 effect, 32 a is an immediate, 64 b is an immediate, 128 c is a ref.
                flags: u32,
                name: &'a str,
            }
            /// An optimiser pass.
            12 pass PassDef<'a> D {
                pass_id: PassId,
                name: &'a str,
            }
            /// A code of one domain: abort reasons, guard kinds, collection causes, types.
            13 reason ReasonDef<'a> D {
                domain: ReasonDomain,
                code: u16,
                /// A short identifier.
                name: &'a str,
                /// One sentence.
                text: &'a str,
            }
            /// A guard of a compiled trace.
            14 guard GuardDef<'a> D {
                guard_id: GuardId,
                trace_id: TraceId,
                ordinal: u16,
                kind: GuardKind,
                ir_op_id: IrOpId,
                code_off: u32,
                loc_id: LocId,
                resume_stack_id: StackId,
                live_values: u16,
                /// The counter of its failures.
                counter_id: CounterId,
                /// xxh3-64 of trace_fp, ordinal, kind and loc_fp.
                guard_fp: Fingerprint,
                /// What it expects, in words.
                expected: &'a str,
            }
            /// A result type of the IR.
            15 ir_type IrTypeDef<'a> D {
                ty: u8,
                name: &'a str,
            }
            /// A kind of fact that a log made from another VM's does not hold: unknown, not zero.
            16 absent AbsentDef<'a> D {
                fact: Fact,
                /// What would have supplied it, as that VM's user types it; empty if nothing does.
                switch: &'a str,
            }
            /// Something an importer could not read in the file it read.
            17 unread UnreadDef<'a> D {
                kind: UnreadKind,
                /// How often; what follows describes the first.
                count: u64,
                /// From 1; 0 in a binary file.
                line: u64,
                /// Where it starts in the file.
                byte: u64,
                file: &'a str,
                /// What is there, cut to 200 bytes.
                text: &'a str,
            }
            /// A file of machine code that is mapped, so that tools find the names of native frames.
            18 mapping MappingDef<'a> D {
                start: Address,
                end: Address,
                file_offset: u64,
                path: &'a str,
            }
            /// A place reached a threshold.
            32 hot Hot E {
                loc_id: LocId,
                count: u32,
                threshold: u32,
                what: HotWhat,
            }
            /// Recording starts.
            33 trace_start TraceStart E {
                trace_id: TraceId,
                kind: TraceKind,
                tier: u8,
                loc_id: LocId,
                parent_trace: TraceId,
                parent_guard: GuardId,
            }
            /// Recording, or compiling what was recorded, was given up.
            34 trace_abort TraceAbort<'a> E {
                trace_id: TraceId,
                reason: AbortReason,
                loc_id: LocId,
                n_bytecodes: u32,
                n_ir: u32,
                record_ns: u64,
                /// 1 if it will be tried again.
                retry: u8,
                /// 1 if the place was blacklisted.
                blacklisted: u8,
                /// Names the operation.
                detail: &'a str,
            }
            /// Recording ended well.
            35 trace_stop TraceStop E {
                trace_id: TraceId,
                n_bytecodes: u32,
                n_ir: u32,
                record_ns: u64,
                link_kind: LinkKind,
                link_trace: TraceId,
                /// xxh3-64 of kind, head location and the recorded sequence.
                trace_fp: Fingerprint,
            }
            /// Optimising and assembling starts.
            36 compile_start CompileStart E {
                trace_id: TraceId,
                tier: u8,
                queue_ns: u64,
            }
            /// An optimiser pass ended.
            37 pass_end PassEnd E {
                trace_id: TraceId,
                pass_id: PassId,
                /// Its place in this trace's sequence of passes, from 1.
                index: u16,
                dur_ns: u64,
                ops_in: u32,
                ops_out: u32,
                guards_in: u32,
                guards_out: u32,
                /// 1 if an ir record follows.
                changed: u8,
            }
            /// Optimising and assembling ended.
            38 compile_end CompileEnd E {
                trace_id: TraceId,
                outcome: CompileOutcome,
                reason: AbortReason,
                compile_ns: u64,
                codegen_ns: u64,
                addr: Address,
                code_bytes: u32,
                data_bytes: u32,
                n_guards: u32,
            }
            /// Machine code became reachable.
            39 code_install CodeInstall E {
                trace_id: TraceId,
                addr: Address,
                bytes: u32,
            }
            /// Machine code was freed.
            40 code_free CodeFree E {
                trace_id: TraceId,
                addr: Address,
                bytes: u32,
                reason: CodeFreeReason,
            }
            /// A guard was patched to enter a bridge.
            41 bridge_attach BridgeAttach E {
                guard_id: GuardId,
                bridge_trace: TraceId,
                patch_addr: Address,
                target_addr: Address,
            }
            /// A guard failed often enough for a decision.
            42 guard_hot GuardHot E {
                guard_id: GuardId,
                count: u32,
                action: GuardAction,
            }
            /// A trace was left through a guard: the first failures of each guard, then one in N.
            43 bailout Bailout<'a> E {
                guard_id: GuardId,
                trace_id: TraceId,
                reason: ExitReason,
                loc_id: LocId,
                stack_id: StackId,
                /// Time from the exit to the interpreter's next instruction.
                cost_ns: u64,
                /// Failures this record stands for; sums of weights are unbiased.
                weight: u32,
                expected: ObservedType,
                observed_type: ObservedType,
                observed_value: RawWord,
                /// The value as the program would print it, at most 40 bytes.
                observed_text: &'a str,
            }
            /// Code became invalid because something it relied on changed.
            44 invalidate Invalidate E {
                trace_id: TraceId,
                reason: InvalidateReason,
                loc_id: LocId,
            }
            /// A place will not be compiled for a while.
            45 blacklist Blacklist E {
                loc_id: LocId,
                reason: ExitReason,
                until_count: u32,
            }
            /// A pass rewrote instructions of a trace by a rule; follows its pass_end.
            46 rule RuleUse E {
                trace_id: TraceId,
                /// The place of the pass in this trace's sequence, as pass_end has it.
                index: u16,
                /// A reason of the domain `rule`.
                rule: u16,
                /// How often.
                count: u32,
            }
            /// An inline cache had no entry for an object: misses 2, 3 and 4, then each power of two; the first only fills it.
            47 cache_miss CacheMiss E {
                loc_id: LocId,
                kind: CacheKind,
                /// The type of the object.
                type_str: StringId,
                /// Of this cache so far, this one too; it stops at 65535.
                misses: u32,
                /// Hidden classes the cache holds entries for.
                entries: u8,
            }
            /// A hidden class came to be: what follows another one when an attribute is added, or the first of a class.
            48 shape Shape E {
                shape_id: ShapeId,
                /// None of the first of a class.
                parent_shape: ShapeId,
                class_str: StringId,
                /// What was added; none of the first.
                attribute_str: StringId,
                /// Where it was met first, if that is known.
                loc_id: LocId,
                attributes: u16,
                /// Further attributes go into a dict.
                /// 1 or 0.
                is_dictionary: u8,
            }
            /// What the recorder or a pass decided about an instruction of the program, and why.
            49 decision Decision E {
                trace_id: TraceId,
                about: DecisionKind,
                reason: DecisionReason,
                /// The place of the pass in this trace's sequence, as pass_end has it; 0: decided while recording.
                pass_index: u16,
                /// Among the recorded bytecodes, from 0; of a pass, the instruction of the IR.
                index: u32,
                loc_id: LocId,
                /// The function that is called, of a call of one of the program.
                func_id: FuncId,
                /// Where an object is needed as one.
                because_loc: LocId,
            }
            /// What the thread was doing when the sampler looked.
            64 sample Sample E {
                state: SampleState,
                trace_id: TraceId,
                code_off: u32,
                loc_id: LocId,
                /// The Python frames, the innermost at loc_id.
                stack_id: StackId,
                /// Time it stands for. Time in states that are timed at their transitions is not in it.
                weight_ns: u64,
                /// The builtin that runs, in the state native.
                builtin: FuncId,
                /// In the state interp: the guard that compiled code was left through just before.
                guard_id: GuardId,
            }
            /// Samples that could not be taken or written.
            65 samples_lost SamplesLost E {
                n: u32,
            }
            /// Counter increments since the last such record.
            66 counter_delta CounterDelta<'a> E {
                n: u32,
                /// n times counter_id u32, delta u32.
                entries: &'a [u8],
            }
            /// Time the thread spent in a state that is timed at its transitions, since the last such record of that state.
            68 state_time StateTime E {
                state: SampleState,
                /// Without what other states took in between.
                dur_ns: u64,
            }
            /// What the kernel counted of the thread so far, periodically and at the end.
            69 perf_count PerfCount E {
                counter: PerfCounter,
                value: u64,
                /// How long the kernel was asked to count, and how long it did: less where hardware counters take turns.
                enabled_ns: u64,
                running_ns: u64,
            }
            /// A counter that the kernel does not have for this program, once, at the start.
            70 perf_missing PerfMissing<'a> E {
                counter: PerfCounter,
                reason: &'a str,
            }
            /// The native frames of the next sample of this stream, where the kernel took it.
            71 native_stack NativeStack<'a> E {
                n: u32,
                /// n times address u64, innermost first.
                addresses: &'a [u8],
            }
            /// How samples are taken from here on.
            72 sampling Sampling<'a> E {
                hz: u32,
                /// Asked for; 0: the rate was chosen by what a tick costs.
                asked_hz: u32,
                source: SampleSource,
                /// What a tick takes on this machine, its handler doing nothing, where the rate was chosen.
                tick_ns: u64,
                /// Why it is not what was asked for; else empty.
                note: &'a str,
            }
            /// A collection starts.
            80 gc_begin GcBegin E {
                gc_id: GcId,
                kind: GcKind,
                cause: GcCause,
            }
            /// A collection ended.
            81 gc_end GcEnd E {
                gc_id: GcId,
                pause_ns: u64,
                before_bytes: u64,
                after_bytes: u64,
                promoted_bytes: u64,
                freed_objs: u64,
            }
            /// A phase of a collection ended.
            82 gc_phase GcPhase E {
                gc_id: GcId,
                phase: GcPhaseKind,
                dur_ns: u64,
            }
            /// The heap, periodically and at collections.
            83 heap Heap E {
                used_bytes: u64,
                committed_bytes: u64,
                limit_bytes: u64,
                allocated_total_bytes: u64,
                live_objs: u64,
            }
            /// One sampled allocation.
            84 alloc_sample AllocSample E {
                loc_id: LocId,
                stack_id: StackId,
                type_str: StringId,
                size_bytes: u32,
                /// Bytes this record stands for: those allocated in objects of this size class since its last record. Weights
                /// add up to all that was allocated.
                weight_bytes: u64,
            }
            /// An account of the process's memory begins: the memory_part records up to the next of these belong to it.
            85 memory Memory E {
                /// What the kernel says is resident now, and was at most so far.
                resident_bytes: u64,
                peak_bytes: u64,
            }
            /// Resident memory of one purpose. What the parts do not come to is unknown.
            86 memory_part MemoryPart E {
                part: MemoryPurpose,
                bytes: u64,
            }
            /// What a full collection left alive of one type, after its gc_end; counted in at most a hundredth of the time.
            87 heap_type HeapType E {
                gc_id: GcId,
                type_str: StringId,
                objs: u64,
                bytes: u64,
            }
            /// Machine-code memory.
            90 codemem Codemem E {
                used_bytes: u64,
                committed_bytes: u64,
                limit_bytes: u64,
                n_traces: u32,
            }
            /// Machine-code memory was emptied.
            91 codemem_flush CodememFlush E {
                reason: CodeFreeReason,
                freed_bytes: u64,
            }
            /// A mark the program or the VM set.
            100 mark Mark<'a> E {
                name_str: StringId,
                value: f64,
                /// For counts, e.g. an iteration's number.
                count: i64,
                text: &'a str,
            }
            /// A named span of time starts on this stream.
            101 span_begin SpanBegin<'a> E {
                name_str: StringId,
                value: f64,
                count: i64,
                text: &'a str,
            }
            /// The innermost open span of that name ends.
            102 span_end SpanEnd<'a> E {
                name_str: StringId,
                value: f64,
                count: i64,
                text: &'a str,
            }
            /// What the log itself costs.
            110 log_stats LogStats E {
                bytes_written: u64,
                dropped_events: u64,
                helper_cpu_ns: u64,
                prefault_ns: u64,
            }
            /// How the program ended, written just before the log is closed.
            112 exit_status ExitStatus E {
                status: i32,
                how: ExitHow,
            }
            /// The bytecode a trace recorded, in execution order.
            128 bytecode Bytecode<'a> B {
                trace_id: TraceId,
                /// 1: as described here.
                format: u8,
                n: u32,
                /// n times instruction word u64, loc_id u32, inline depth u32.
                bytes: &'a [u8],
                /// n times length u16 and the disassembled line.
                notes: &'a [u8],
            }
            /// The IR of a trace after a pass.
            129 ir Ir<'a> B {
                trace_id: TraceId,
                /// 0 as recorded, else the index of pass_end.
                pass_index: u16,
                /// 1 = INS16_V1, as described here.
                format: u8,
                n_ops: u32,
                /// n_ops times op u8, ty u8, flags u8, reg u8, a u16, b u16, c u32, prev u16, spill u16.
                ops: &'a [u8],
                /// Entries of length u16 and text; an operand ref >= 0x8000 names entry ref & 0x7fff.
                consts: &'a [u8],
                /// n_ops times loc_id u32.
                locs: &'a [u8],
                /// count u32, then per snapshot first_ins u16, n_frames u16, n_slots u16, pad u16, n_frames times loc_id u32, n_slots times slot u16 and ref u16.
                snaps: &'a [u8],
            }
            /// The machine code of a trace.
            130 code Code<'a> B {
                trace_id: TraceId,
                addr: Address,
                arch: Arch,
                bytes: &'a [u8],
            }
            /// Which IR instruction and place each piece of machine code comes from.
            131 code_map CodeMap<'a> B {
                trace_id: TraceId,
                n: u32,
                /// n times code_off u32, ir_op_id u32, loc_id u32, by code_off.
                entries: &'a [u8],
            }
            /// The text of a source file.
            132 source_text SourceText<'a> B {
                source_id: SourceId,
                bytes: &'a [u8],
            }
        }
    };
}

pub(crate) use event_table;
