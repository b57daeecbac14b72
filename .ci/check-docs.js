// Documentation that names what is no longer there is worse than none. In docs/ARCHITECTURE.md every path in backticks, every
// exported symbol (`PascalCase`, `camelCase()`), every `Class.member` and every ERROR_CODE must exist; in every README.md and
// docs/*.md every relative link must lead somewhere.
//
//   node .ci/check-docs.js [ROOT]

import { existsSync, readFileSync } from 'node:fs'
import * as events from 'node:events'
import * as fs from 'node:fs'
import * as net from 'node:net'
import { basename, dirname, join, resolve } from 'node:path'
import * as stream from 'node:stream'
import { exportsOf, parse, walk } from './source-modules.js'
import { filesBelow, readPackages, report, rootFromArguments, shown } from './workspace.js'

/** Names of the language and of its types that are not values in a running program. */
const LANGUAGE = new Set(
  'AsyncDisposable AsyncGenerator AsyncIterable AsyncIterableIterator AsyncIterator Disposable Generator Iterable Iterator Partial Readonly Record TypeScript'.split(
    ' ',
  ),
)
/** Protocols, programs and people that are written like identifiers. */
const WORDS = new Set('BitTorrent JavaScript GitHub WebTorrent WebSocket IPv4 IPv6 OpenSSL Node'.split(' '))

const root = rootFromArguments()
const packages = readPackages(root)
const violations = []
const counts = { paths: 0, symbols: 0, links: 0 }

const architecture = join(root, 'docs', 'ARCHITECTURE.md')
if (existsSync(architecture)) checkNames(architecture, vocabulary())
else violations.push('there is no docs/ARCHITECTURE.md')
const pages = filesBelow(root, /\.md$/).filter(
  (path) => basename(path) === 'README.md' || /^(docs\/)?[^/]+\.md$/.test(shown(root, path)),
)
for (const { dir } of packages) {
  const readme = join(dir, 'README.md')
  if (existsSync(readme) && !pages.includes(readme)) pages.push(readme)
}
for (const path of pages) checkLinks(path)
report(
  'docs',
  violations,
  `${counts.paths} paths, ${counts.symbols} symbols, ${counts.links} links on ${pages.length} pages`,
)

/** What the packages export, and everything that their sources declare as a member or say as a string. */
function vocabulary() {
  const words = { exported: new Set(), members: new Map(), anyMember: new Set(), strings: new Set(), files: new Set() }
  for (const { dir, manifest } of packages) {
    for (const entry of Object.values(manifest.exports ?? {})) {
      const source = entry?.['@torrential/source']
      if (source === undefined || !existsSync(join(dir, source))) continue
      const from = join(dir, source)
      for (const name of exportsOf(from, (specifier) => resolve(dirname(from), specifier))) words.exported.add(name)
    }
    for (const path of filesBelow(join(dir, 'src'), /\.[jt]s$/)) collectMembers(path, words)
    for (const path of filesBelow(dir, /./)) words.files.add(basename(path))
  }
  return words
}

function collectMembers(path, words) {
  walk(parse(path), (node) => {
    if (node.type === 'StringLiteral') words.strings.add(node.value)
    const name = node.identifier?.value ?? node.id?.value
    const body = node.type === 'ClassDeclaration' ? node.body : node.body?.body
    if (node.type === 'TsTypeAliasDeclaration' && name !== undefined)
      collectSignatures(name, node.typeAnnotation, words)
    if (name === undefined || !Array.isArray(body)) return
    for (const member of body) addMember(name, memberName(member), words)
  })
}

function collectSignatures(owner, type, words) {
  walk(type, (node) => {
    if (node.type === 'TsPropertySignature' || node.type === 'TsMethodSignature')
      addMember(owner, memberName(node), words)
  })
}

function addMember(owner, member, words) {
  if (member === undefined) return
  if (!words.members.has(owner)) words.members.set(owner, new Set())
  words.members.get(owner).add(member)
  words.anyMember.add(member)
}

function memberName(member) {
  return typeof member.key?.value === 'string' ? member.key.value : undefined
}

function checkNames(path, words) {
  for (const { text, line } of codeSpans(readFileSync(path, 'utf8'))) {
    const complaint = checkName(text.trim(), words)
    if (complaint !== undefined) violations.push(`${shown(root, path)}:${line}: \`${text}\` ${complaint}`)
  }
}

function checkName(text, words) {
  if (text.startsWith('@torrential/')) {
    counts.paths++
    return checkPackageName(text)
  }
  if (/^\.?[\w@.-]+(\/[\w@.*-]+)+\/?$/.test(text) || /^[\w-]+\/$/.test(text)) {
    counts.paths++
    return checkPath(text)
  }
  if (/^[\w-]+(\.test)?\.(ts|js|md|json|yaml|sh)$/.test(text)) {
    counts.paths++
    return words.files.has(text) || existsSync(join(root, text)) ? undefined : 'is no file of any package'
  }
  if (/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(text)) {
    counts.symbols++
    return words.exported.has(text) || words.strings.has(text) ? undefined : 'is neither exported nor an error code'
  }
  const call = /^(?:new )?([A-Za-z]\w*)(?:<[^>]*>)?(?:\.(\w+))?(\(.*\))?$/s.exec(text)
  if (call === null || WORDS.has(text)) return undefined
  return checkSymbol(call[1], call[2], call[3] !== undefined, words)
}

function checkSymbol(name, member, called, words) {
  const pascal = /^[A-Z]\w*[a-z]\w*$/.test(name)
  if (!pascal && !(called && /^[a-z]/.test(name))) return undefined
  counts.symbols++
  if (isPlatform(name)) return undefined
  if (!pascal) {
    const last = member ?? name
    return words.exported.has(last) || words.anyMember.has(last)
      ? undefined
      : 'is not exported, nor a member of anything'
  }
  if (!words.exported.has(name)) return 'is not exported by any package'
  if (member !== undefined && !words.members.get(name)?.has(member)) return `names no member of ${name}`
  return undefined
}

function isPlatform(name) {
  return LANGUAGE.has(name) || name in globalThis || [stream, events, net, fs].some((module) => name in module)
}

function checkPackageName(text) {
  const [, folder, ...rest] = text.split('/')
  const found = packages.find(({ name }) => name === `@torrential/${folder}`)
  if (found === undefined) return folder === '<name>' ? undefined : 'is no package'
  const entry = rest.length === 0 ? '.' : `./${rest.join('/')}`
  return entry in (found.manifest.exports ?? {}) || found.manifest.private === true
    ? undefined
    : 'is no entry of that package'
}

function checkPath(text) {
  // Media types and the like have a slash too; what is meant as a path begins with a folder that is there, or looks like a file.
  if (text.includes('*')) {
    const folder = text.slice(0, text.indexOf('*')).replace(/[^/]*$/, '')
    return folder === '' || existsSync(join(root, folder)) ? undefined : 'does not exist'
  }
  const places = [root, join(root, 'packages'), dirname(architecture)]
  return places.some((place) => existsSync(join(place, text))) ? undefined : 'does not exist'
}

/** The inline code of a page, outside fenced blocks and comments. */
function codeSpans(markdown) {
  const spans = []
  prose(markdown).forEach((line, index) => {
    for (const [, , text] of line.matchAll(/(`+)(.+?)\1(?!`)/g)) spans.push({ text, line: index + 1 })
  })
  return spans
}

/** The lines of a page, those of fenced blocks empty. */
function prose(markdown) {
  let fence
  return markdown
    .replace(/<!--[\s\S]*?-->/g, (comment) => comment.replace(/[^\n]/g, ''))
    .split('\n')
    .map((line) => {
      const mark = /^\s*(```+|~~~+)/.exec(line)?.[1]
      if (mark === undefined) return fence === undefined ? line : ''
      if (fence === undefined) fence = mark
      else if (mark.startsWith(fence)) fence = undefined
      return ''
    })
}

function checkLinks(path) {
  prose(readFileSync(path, 'utf8')).forEach((line, index) => {
    const text = line.replace(/(`+)(.+?)\1(?!`)/g, '')
    const targets = [
      ...text.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g),
      ...text.matchAll(/^\s*\[[^\]]+\]:\s*(\S+)/g),
    ]
    for (const [, target] of targets) {
      if (/^[a-z][a-z0-9+.-]*:/i.test(target)) continue
      counts.links++
      const complaint = checkLink(path, target)
      if (complaint !== undefined) violations.push(`${shown(root, path)}:${index + 1}: the link ${target} ${complaint}`)
    }
  })
}

function checkLink(path, target) {
  const [file, anchor] = decodeURI(target).split('#')
  const place = file === '' ? path : resolve(dirname(path), file)
  if (!existsSync(place)) return 'leads nowhere'
  if (anchor === undefined || anchor === '' || !place.endsWith('.md')) return undefined
  const headings = prose(readFileSync(place, 'utf8')).filter((line) => /^#{1,6} /.test(line))
  return headings.some((line) => slug(line.replace(/^#+ /, '')) === anchor) ? undefined : 'names no heading there'
}

function slug(heading) {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replace(/ /g, '-')
}
