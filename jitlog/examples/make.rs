use jitlog::*;
fn main() {
    let path = std::env::args().nth(1).expect("path");
    let t = std::time::Instant::now();
    let log = Log::create(LogOptions::new(&path)).expect("create");
    println!("create {:?}", t.elapsed());
    let defs = log.defs();
    log.process(VmInfo { name: "x", ..Default::default() });
    let s = defs.source("a.py", b"x=1");
    let f = defs.func(s, "f", 1, 2);
    let l = defs.loc(f, 0, 1, 0);
    let c = log.counter(CounterKind::GuardFail, GuardId(3), 0);
    let mut st = log.stream("main", StreamKind::Mutator);
    let big = vec![7u8; 200_000];
    for i in 1..10 {
        st.trace_start(&TraceStart { trace_id: TraceId(i), loc_id: l, ..Default::default() });
        c.increment();
        st.source_text(&SourceText { source_id: s, bytes: &big });
    }
    let t = std::time::Instant::now();
    println!("{:?}", log.close());
    println!("close {:?}", t.elapsed());
}
