//! The front end seen from outside: source text in, bytecode or an error out.

mod front {
    mod errors;
    mod expressions;
    mod language;
    mod library;
    mod listing;
    mod positions;
    mod robustness;
    mod statements;
}
