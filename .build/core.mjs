/**
 * What of the sources knows nothing of Effect, which is most of them, is in the package once: as CommonJS, which what has
 * Effect within and what stands on the app's Effect both import. It is cut into three files, each over those before it, so
 * that who reads RDB files does not load the commands; what few call is in files over these, which come late (late.mjs).
 */
import * as path from "node:path"
import { rolldown } from "rolldown"
import { LATE, LOADER, loaderText, LOADING, readRoot, stubOf } from "./late.mjs"

/** Entries whose sources are a file of the core, in order; what is left is the last file's. */
const CUTS = ["resp", "rdb"]
const NAMES = ["core-wire", "core-data", "core-engine"]
const LAST = NAMES.length - 1

/** How sources are told from which file of the core to import. */
const CORE = "redix-core:"
/** The same within what is CommonJS: a module of one value, so that the file is asked for once. */
const REQUIRED = "redix-required:"

/** Needed by several. */
const SHARED = { name: undefined }

const OUTSIDE = /^(?:node:|effect(?:\/|$)|@effect\/)/

/** Every source that `inputs` lead to: what it imports, and the names it exports. */
const readSources = async (inputs, options) => {
  const sources = new Map()
  const reader = {
    name: "read-sources",
    buildEnd() {
      for (const id of this.getModuleIds()) {
        const { importedIds, dynamicallyImportedIds, exports } = this.getModuleInfo(id)
        sources.set(id, { imports: [...importedIds, ...dynamicallyImportedIds], names: exports ?? [] })
      }
    },
  }
  const build = await rolldown({ ...options, input: inputs, external: OUTSIDE, plugins: [reader] })
  await build.generate({ format: "esm" })
  await build.close()
  // In one order, whichever was read first: a build of the same sources is the same.
  return new Map([...sources].sort(([a], [b]) => (a < b ? -1 : 1)))
}

const isEffect = (id) => /^@?effect(?:\/|$)/.test(id)

/** Those that neither import Effect nor anything that does. */
const withoutEffect = (sources) => {
  const known = new Map()
  const isPure = (id) => {
    if (isEffect(id)) return false
    if (!known.has(id)) {
      known.set(id, true)
      known.set(id, (sources.get(id)?.imports ?? []).every(isPure))
    }
    return known.get(id)
  }
  return new Set([...sources.keys()].filter((id) => path.isAbsolute(id) && isPure(id)))
}

const closureOf = (importsOf, id, found = new Set()) => {
  const imports = importsOf(id)
  if (found.has(id) || imports === undefined) return found
  found.add(id)
  for (const imported of imports) closureOf(importsOf, imported, found)
  return found
}

/** Says by a star what it exports, and nothing of its own: such a source goes with whoever imports it. */
const passesAllOn = ({ names }) => names.includes("*")

/** The roots of late files, by id, with what stands in their place. */
const readRoots = (sourceOf) => {
  const roots = new Map()
  for (const [at, { name, roots: sources }] of LATE.entries()) {
    for (const source of sources) {
      const id = sourceOf(source)
      roots.set(id, { ...readRoot(id), name, at: NAMES.length + at })
    }
  }
  return roots
}

/** In which late file each source is that one of them alone needs, and nothing that is loaded at once. */
const placeLate = (sources, roots, inputs, places) => {
  const importsOf = (id) => (roots.get(id) ?? sources.get(id))?.imports
  const early = new Set()
  for (const input of inputs) closureOf(importsOf, input, early)
  const needed = new Map()
  for (const [id, { name, at }] of roots) {
    early.delete(id)
    // Roots of the same file are there; of others, what stands for them.
    const within = (one) =>
      roots.has(one) && roots.get(one).name !== name ? roots.get(one).imports : sources.get(one)?.imports
    for (const one of closureOf(within, id)) {
      if (roots.has(one) || early.has(one)) continue
      const before = needed.get(one)
      needed.set(one, before === undefined || before.name === name ? { name, at } : SHARED)
    }
    places.set(id, { name, at })
  }
  for (const [id, place] of needed) if (place === SHARED) closureOf(importsOf, id, early)
  for (const [id, place] of needed) if (!early.has(id)) places.set(id, place)
}

/** The files of the core: `places` says in which a source is, and by which names it exports there. */
export const planCore = async (inputs, sourceOf, options) => {
  const sources = await readSources(inputs, options)
  const pure = withoutEffect(sources)
  const places = new Map()
  const roots = readRoots(sourceOf)
  placeLate(sources, roots, Object.values(inputs), places)
  const allOf = (id) => sources.get(id)?.imports
  NAMES.forEach((name, at) => {
    const cut = CUTS[at]
    const within = cut === undefined ? pure : closureOf(allOf, sourceOf(cut))
    for (const id of within) {
      if (pure.has(id) && !places.has(id) && !passesAllOn(sources.get(id))) places.set(id, { name, at })
    }
  })
  const used = new Set(roots.keys())
  for (const [id, { imports }] of sources) {
    const here = places.get(id)?.name
    for (const imported of imports)
      if (places.has(imported) && places.get(imported).name !== here) used.add(imported)
  }
  const taken = new Map()
  const nameOf = (name) => {
    const count = taken.get(name) ?? 0
    taken.set(name, count + 1)
    return count === 0 ? name : `${name}_${count}`
  }
  for (const id of used) {
    const exported = roots.get(id)?.exported ?? sources.get(id).names
    places.get(id).names = Object.fromEntries(exported.map((name) => [name, nameOf(name)]))
  }
  return { places, used, roots, names: NAMES, lateNames: LATE.map(({ name }) => name) }
}

/** The names that ES modules import of another file. */
const namesTaken = (modules, file) => {
  const taken = new RegExp(`(?:import|export)\\s*\\{([^}]*)\\}\\s*from\\s*"\\./${file}"`, "g")
  const names = modules.flatMap(({ code }) =>
    [...code.matchAll(taken)].flatMap(([, list]) => list.split(",")),
  )
  return [...new Set(names.map((name) => name.trim().split(/\s+as\s+/)[0]))].sort()
}

/**
 * What ES modules import of a file of the core. Node reads every CommonJS file that an ES module imports for its names,
 * which takes longer than to load it; here it finds them at once.
 */
export const namesFile = (name, modules) => `"use strict"
const core = require("./${name}.cjs")
module.exports = core
0 && (module.exports = { ${namesTaken(modules, `${name}-names.cjs`).join(", ")} })
`

const required = (name) => `${REQUIRED}${name}`

/** Exports of a file of the core, as an ES module has them. */
const exportsOf = (name, names, format) => {
  if (format === "esm")
    return `export { ${names.map(([own, as]) => `${as} as ${own}`).join(", ")} } from "${CORE}${name}-names.cjs"\n`
  // CommonJS would look each of them up at every use. One by one, so that those are left out which nothing uses.
  const constants = names.map(([own, as]) => `export const ${own} = core.${as}\n`)
  return `import { core } from "${required(name)}"\n${constants.join("")}`
}

/** To what is built as, or over, the file of the core at `below`, the sources in those before it are outside. */
export const overCore = (plan, below, format) => ({
  name: "over-core",
  resolveId: (id) => {
    if (id.startsWith(REQUIRED) || id === LOADER) return id
    return id.startsWith(CORE) ? { id: `./${id.slice(CORE.length)}`, external: true } : null
  },
  load: (id) => {
    if (id.startsWith(REQUIRED))
      return `export const core = require("${CORE}${id.slice(REQUIRED.length)}.cjs")\n`
    if (id === LOADER)
      return below === LAST
        ? loaderText(plan.names, required, (name) => `${CORE}${name}.cjs`)
        : exportsOf(
            plan.names[LAST],
            LOADING.map((name) => [name, name]),
            format,
          )
    const place = plan.places.get(id)
    const root = plan.roots.get(id)
    if (root !== undefined) return place.at === below ? root.late : stubOf(root, place)
    if (place === undefined || place.at >= below) return null
    return exportsOf(place.name, Object.entries(place.names ?? {}), format)
  },
})

/** The entry of one file of the core. */
export const coreEntry = (plan, at) => ({
  name: "core-entry",
  resolveId: (id) => (id === "redix-core-entry" ? id : null),
  load: (id) => {
    if (id !== "redix-core-entry") return null
    const here = [...plan.used].filter((used) => plan.places.get(used).at === at)
    const lines = here.map((used) => {
      const names = Object.entries(plan.places.get(used).names)
      return `export { ${names.map(([name, as]) => `${name} as ${as}`).join(", ")} } from ${JSON.stringify(used)}`
    })
    if (at === LAST) lines.push(`export { ${LOADING.join(", ")} } from "${LOADER}"`)
    return lines.join("\n")
  },
})
