//! Import statements of the parser.

use ruff_python_ast as ast;
use ruff_text_size::TextRange;

use super::{Lowerer, span};
use crate::front::error::{Fault, Feature};
use crate::front::hir::{FunctionKind, Import, StatementKind};

/// What `from __future__` knows; all but `annotations` is either always on or without effect here.
const FUTURE_FEATURES: [&str; 10] = [
    "nested_scopes",
    "generators",
    "division",
    "absolute_import",
    "with_statement",
    "print_function",
    "unicode_literals",
    "barry_as_FLUFL",
    "generator_stop",
    "annotations",
];

impl Lowerer<'_> {
    pub(super) fn import(&mut self, import: &ast::StmtImport) -> Result<StatementKind, Fault> {
        let mut imports = Vec::new();
        for alias in &import.names {
            let module = self.symbols.intern(&alias.name.id);
            let (name, top) = match &alias.asname {
                Some(name) => (self.identifier_binding(name)?, false),
                None => {
                    let top = alias.name.id.split('.').next().unwrap_or_default();
                    (self.binding(top, span(alias.range))?, top.len() < alias.name.id.len())
                }
            };
            imports.push(Import { module, top, name });
        }
        Ok(StatementKind::Import(imports))
    }

    pub(super) fn import_from(&mut self, import: &ast::StmtImportFrom) -> Result<StatementKind, Fault> {
        let module = import.module.as_ref().map_or("", |module| module.id.as_str());
        let level = u16::try_from(import.level).map_err(|_| Fault::unsupported(Feature::Size, span(import.range)))?;
        let future = module == "__future__" && level == 0;
        if future {
            self.check_future(import)?;
        } else {
            self.at_start = false;
        }
        let module = self.symbols.intern(module);
        let mut names = Vec::new();
        for alias in &import.names {
            if alias.name.id.as_str() == "*" {
                return match self.context.kind {
                    FunctionKind::Module | FunctionKind::Namespace => Ok(StatementKind::ImportStar { module, level }),
                    _ => Err(Fault::syntax("import * only allowed at module level", span(alias.range))),
                };
            }
            let variable = self.identifier_binding(alias.asname.as_ref().unwrap_or(&alias.name))?;
            names.push((self.name(&alias.name.id), variable));
        }
        Ok(StatementKind::ImportFrom { module, level, names })
    }

    fn check_future(&mut self, import: &ast::StmtImportFrom) -> Result<(), Fault> {
        if !self.at_start {
            let message = "from __future__ imports must occur at the beginning of the file";
            return Err(Fault::syntax(message, span(import.range)));
        }
        let here = span(TextRange::empty(import.range.start()));
        for alias in &import.names {
            match alias.name.id.as_str() {
                "braces" => return Err(Fault::syntax("not a chance", here)),
                "annotations" => self.textual_annotations = true,
                name if FUTURE_FEATURES.contains(&name) => {}
                name => return Err(Fault::syntax(format!("future feature {name} is not defined"), here)),
            }
        }
        Ok(())
    }
}
