// What a source file imports and exports, read from its syntax tree, so that neither comments nor strings mislead.

import { readFileSync } from 'node:fs'
import { parseSync } from '@swc/core'

/** The syntax tree of a .ts or .js file. */
export function parse(path) {
  const typescript = /\.[cm]?ts$/.test(path)
  try {
    return parseSync(readFileSync(path, 'utf8'), {
      syntax: typescript ? 'typescript' : 'ecmascript',
      target: 'es2022',
      ...(typescript ? {} : { explicitResourceManagement: true, importAttributes: true }),
    })
  } catch (error) {
    throw new Error(`${path}: ${error.message}`, { cause: error })
  }
}

/** Calls `visit` with every node of a syntax tree. */
export function walk(node, visit) {
  if (Array.isArray(node)) {
    for (const child of node) walk(child, visit)
    return
  }
  if (node === null || typeof node !== 'object') return
  if (typeof node.type === 'string') visit(node)
  for (const [key, child] of Object.entries(node)) if (key !== 'span') walk(child, visit)
}

/**
 * Everything that a file imports: static, `export … from`, dynamic, `import('x').Type`, `require('x')` and
 * `new URL('./x', import.meta.url)`. `specifier` is undefined when it is not a plain string; `erased` says that nothing of it
 * is left at run time.
 */
export function importsOf(path) {
  const found = []
  walk(parse(path), (node) => {
    if (node.type === 'ImportDeclaration' || node.type === 'ExportAllDeclaration') {
      found.push({ kind: 'static', specifier: node.source.value, erased: node.typeOnly === true })
    } else if (node.type === 'ExportNamedDeclaration' && node.source) {
      found.push({ kind: 'static', specifier: node.source.value, erased: node.typeOnly === true })
    } else if (node.type === 'TsImportType') {
      found.push({ kind: 'static', specifier: node.argument.value, erased: true })
    } else if (node.type === 'CallExpression' && isImportCall(node.callee)) {
      found.push({ kind: 'dynamic', specifier: plainString(node.arguments[0]?.expression) })
    } else if (node.type === 'NewExpression' && node.callee.value === 'URL' && isMetaUrl(node.arguments?.[1])) {
      found.push({ kind: 'url', specifier: plainString(node.arguments[0]?.expression) })
    }
  })
  return found
}

/** The names that a module exports, types included; `export *` is followed by `resolve(specifier)`. */
export function exportsOf(path, resolve) {
  const names = new Set()
  for (const item of parse(path).body) {
    if (item.type === 'ExportNamedDeclaration') {
      for (const { exported, orig } of item.specifiers) names.add((exported ?? orig)?.value)
    } else if (item.type === 'ExportAllDeclaration') {
      for (const name of exportsOf(resolve(item.source.value), resolve)) names.add(name)
    } else if (item.type === 'ExportDeclaration') {
      for (const name of declaredNames(item.declaration)) names.add(name)
    }
  }
  names.delete(undefined)
  return names
}

function declaredNames(declaration) {
  if (declaration.type === 'VariableDeclaration') return declaration.declarations.map(({ id }) => id.value)
  return [(declaration.identifier ?? declaration.id)?.value]
}

function isImportCall(callee) {
  return callee.type === 'Import' || (callee.type === 'Identifier' && callee.value === 'require')
}

function isMetaUrl(argument) {
  const expression = argument?.expression
  return expression?.type === 'MemberExpression' && expression.object.type === 'MetaProperty'
}

function plainString(expression) {
  return expression?.type === 'StringLiteral' ? expression.value : undefined
}
