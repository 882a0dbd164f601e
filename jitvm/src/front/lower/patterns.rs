//! Patterns of `match`, with the errors CPython's compiler finds in them.

use std::collections::HashSet;

use ruff_python_ast as ast;
use ruff_text_size::Ranged;

use super::{Lowerer, span};
use crate::bytecode::Constant;
use crate::front::error::Fault;
use crate::front::fold;
use crate::front::hir::{ExpressionKind, Pattern, PatternKind, Symbol};

impl Lowerer<'_> {
    /// The pattern of a case; `followed`: other cases come after it, and it has no guard.
    pub(super) fn case_pattern(&mut self, pattern: &ast::Pattern, followed: bool) -> Result<Pattern, Fault> {
        let lowered = self.pattern(pattern)?;
        if followed {
            check_reachable(&lowered, self)?;
        }
        let mut names = HashSet::new();
        self.check_names(&lowered, &mut names)?;
        Ok(lowered)
    }

    fn patterns(&mut self, patterns: &[ast::Pattern]) -> Result<Vec<Pattern>, Fault> {
        patterns.iter().map(|pattern| self.pattern(pattern)).collect()
    }

    /// A name a pattern binds; none for `_`.
    fn capture(&mut self, name: Option<&ast::Identifier>) -> Result<Option<Symbol>, Fault> {
        name.filter(|name| name.id.as_str() != "_").map(|name| self.identifier_binding(name)).transpose()
    }

    fn pattern(&mut self, pattern: &ast::Pattern) -> Result<Pattern, Fault> {
        let span = span(pattern.range());
        let kind = self.nested(span, |lowerer| lowerer.pattern_kind(pattern))?;
        Ok(Pattern { kind, span })
    }

    fn pattern_kind(&mut self, pattern: &ast::Pattern) -> Result<PatternKind, Fault> {
        let whole = span(pattern.range());
        Ok(match pattern {
            ast::Pattern::MatchValue(value) if value.value.is_f_string_expr() => {
                return Err(Fault::syntax("patterns may only match literals and attribute lookups", whole));
            }
            ast::Pattern::MatchValue(value) => PatternKind::Value(self.expression(&value.value)?),
            ast::Pattern::MatchSingleton(singleton) => PatternKind::Singleton(match singleton.value {
                ast::Singleton::None => Constant::None,
                ast::Singleton::True => Constant::True,
                ast::Singleton::False => Constant::False,
            }),
            ast::Pattern::MatchSequence(sequence) => {
                let patterns = self.patterns(&sequence.patterns)?;
                let stars = patterns.iter().filter(|pattern| matches!(pattern.kind, PatternKind::Star(_)));
                if stars.count() > 1 {
                    return Err(Fault::syntax("multiple starred names in sequence pattern", whole));
                }
                PatternKind::Sequence(patterns)
            }
            ast::Pattern::MatchStar(star) => PatternKind::Star(self.capture(star.name.as_ref())?),
            ast::Pattern::MatchMapping(mapping) => {
                let mut keys = Vec::with_capacity(mapping.keys.len());
                for key in &mapping.keys {
                    let key = self.expression(key)?;
                    if let ExpressionKind::Constant(constant) = &key.kind {
                        let same = |other: &crate::front::hir::Expression| match &other.kind {
                            ExpressionKind::Constant(other) => fold::equal(other, constant),
                            _ => false,
                        };
                        if keys.iter().any(same) {
                            let text = super::unparse::constant_repr(constant);
                            return Err(Fault::syntax(format!("mapping pattern checks duplicate key ({text})"), whole));
                        }
                    }
                    keys.push(key);
                }
                let patterns = self.patterns(&mapping.patterns)?;
                let rest = mapping.rest.as_ref().map(|rest| self.identifier_binding(rest)).transpose()?;
                PatternKind::Mapping { keys, patterns, rest }
            }
            ast::Pattern::MatchClass(class) => {
                let patterns = self.patterns(&class.arguments.patterns)?;
                let mut keywords: Vec<(Symbol, Pattern)> = Vec::with_capacity(class.arguments.keywords.len());
                for keyword in &class.arguments.keywords {
                    let name = self.symbols.intern(&keyword.attr.id);
                    if keywords.iter().any(|&(other, _)| other == name) {
                        let message = format!("attribute name repeated in class pattern: {}", keyword.attr.id);
                        return Err(Fault::syntax(message, span(keyword.pattern.range())));
                    }
                    keywords.push((name, self.pattern(&keyword.pattern)?));
                }
                PatternKind::Class { class: self.expression(&class.cls)?, patterns, keywords }
            }
            ast::Pattern::MatchAs(as_) => {
                let pattern = as_.pattern.as_deref().map(|pattern| self.pattern(pattern)).transpose()?;
                PatternKind::As { pattern: pattern.map(Box::new), name: self.capture(as_.name.as_ref())? }
            }
            ast::Pattern::MatchOr(or) => {
                let patterns = self.patterns(&or.patterns)?;
                let Some((_, others)) = patterns.split_last() else { return Ok(PatternKind::Or(patterns)) };
                others.iter().try_for_each(|pattern| check_reachable(pattern, self))?;
                PatternKind::Or(patterns)
            }
        })
    }

    /// Each name is bound once, and by every alternative.
    fn check_names(&self, pattern: &Pattern, names: &mut HashSet<Symbol>) -> Result<(), Fault> {
        let mut add = |name: Option<Symbol>| match name {
            Some(name) if !names.insert(name) => {
                let message = format!("multiple assignments to name '{}' in pattern", self.symbols.name(name));
                Err(Fault::syntax(message, pattern.span))
            }
            _ => Ok(()),
        };
        match &pattern.kind {
            PatternKind::Value(_) | PatternKind::Singleton(_) => Ok(()),
            PatternKind::Star(name) => add(*name),
            PatternKind::Sequence(patterns) => patterns.iter().try_for_each(|pattern| self.check_names(pattern, names)),
            PatternKind::Mapping { patterns, rest, .. } => {
                add(*rest)?;
                patterns.iter().try_for_each(|pattern| self.check_names(pattern, names))
            }
            PatternKind::Class { patterns, keywords, .. } => {
                patterns.iter().try_for_each(|pattern| self.check_names(pattern, names))?;
                keywords.iter().try_for_each(|(_, pattern)| self.check_names(pattern, names))
            }
            PatternKind::As { pattern, name } => {
                add(*name)?;
                pattern.as_ref().map_or(Ok(()), |pattern| self.check_names(pattern, names))
            }
            PatternKind::Or(patterns) => {
                let before = names.clone();
                let mut first: Option<HashSet<Symbol>> = None;
                for alternative in patterns {
                    let mut bound = before.clone();
                    self.check_names(alternative, &mut bound)?;
                    if first.get_or_insert_with(|| bound.clone()) != &bound {
                        return Err(Fault::syntax("alternative patterns bind different names", pattern.span));
                    }
                }
                names.extend(first.into_iter().flatten());
                Ok(())
            }
        }
    }
}

/// Refuses a pattern that always matches, where others follow.
fn check_reachable(pattern: &Pattern, lowerer: &Lowerer<'_>) -> Result<(), Fault> {
    match &pattern.kind {
        PatternKind::As { pattern: None, name: None } => {
            Err(Fault::syntax("wildcard makes remaining patterns unreachable", pattern.span))
        }
        PatternKind::As { pattern: None, name: Some(name) } => {
            let name = lowerer.symbols.name(*name);
            let message = format!("name capture '{name}' makes remaining patterns unreachable");
            Err(Fault::syntax(message, pattern.span))
        }
        PatternKind::As { pattern: Some(inner), .. } => check_reachable(inner, lowerer),
        PatternKind::Or(patterns) => match patterns.last() {
            Some(last) => check_reachable(last, lowerer),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}
