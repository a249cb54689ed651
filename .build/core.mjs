/**
 * What of the sources knows nothing of Effect, which is most of them, is in the package once: as CommonJS, which what has
 * Effect within and what stands on the app's Effect both import. It is cut into three files, each over those before it, so
 * that who reads RDB files does not load the commands.
 */
import * as path from "node:path"
import { rolldown } from "rolldown"

/** Entries whose sources are a file of the core, in order; what is left is the last file's. */
const CUTS = ["resp", "rdb"]
const NAMES = ["core-wire", "core-data", "core-engine"]
/** What is loaded when one of its functions is first called, with all that nothing else needs. It exports functions only. */
const LATE = { source: "lua/Sandbox", name: "core-lua" }

/** How sources are told from which file of the core to import. */
const CORE = "redix-core:"
/** The same within what is CommonJS: a module of one value, so that the file is asked for once. */
const REQUIRED = "redix-required:"

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
  return sources
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

const closureOf = (sources, id, found = new Set(), without = undefined) => {
  if (found.has(id) || id === without || !sources.has(id)) return found
  found.add(id)
  for (const imported of sources.get(id).imports) closureOf(sources, imported, found, without)
  return found
}

/** Says by a star what it exports, and nothing of its own: such a source goes with whoever imports it. */
const passesAllOn = ({ names }) => names.includes("*")

/** The files of the core: `places` says in which a source is, and by which names it exports there. */
export const planCore = async (inputs, sourceOf, options) => {
  const sources = await readSources(inputs, options)
  const pure = withoutEffect(sources)
  const places = new Map()
  const late = sourceOf(LATE.source)
  const early = new Set()
  for (const input of Object.values(inputs)) closureOf(sources, input, early, late)
  for (const id of closureOf(sources, late))
    if (!early.has(id)) places.set(id, { name: LATE.name, at: NAMES.length })
  NAMES.forEach((name, at) => {
    const cut = CUTS[at]
    const within = cut === undefined ? pure : closureOf(sources, sourceOf(cut))
    for (const id of within) {
      if (pure.has(id) && !places.has(id) && !passesAllOn(sources.get(id))) places.set(id, { name, at })
    }
  })
  const used = new Set()
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
    places.get(id).names = Object.fromEntries(sources.get(id).names.map((name) => [name, nameOf(name)]))
  }
  return { places, used, late, names: NAMES, lateName: LATE.name }
}

/**
 * What an ES module imports of a file of the core. Node reads every CommonJS file that an ES module imports for its names,
 * which takes longer than to load it; here it finds them at once.
 */
export const namesFile = (plan, at) => {
  const names = [...plan.used]
    .filter((id) => plan.places.get(id).at === at)
    .flatMap((id) => Object.values(plan.places.get(id).names))
  return `"use strict"
const core = require("./${plan.names[at]}.cjs")
module.exports = core
0 && (module.exports = { ${names.join(", ")} })
`
}

const lateFunctions = ({ name, names }) =>
  Object.entries(names)
    .map(
      ([exported, as]) =>
        `export const ${exported} = (...args) => require("${CORE}${name}.cjs").${as}(...args)\n`,
    )
    .join("")

/** To what is built over `below` files of the core, the sources in these are outside. */
export const overCore = (plan, below, format) => ({
  name: "over-core",
  resolveId: (id) => {
    if (id.startsWith(REQUIRED)) return id
    return id.startsWith(CORE) ? { id: `./${id.slice(CORE.length)}`, external: true } : null
  },
  load: (id) => {
    if (id.startsWith(REQUIRED))
      return `export const core = require("${CORE}${id.slice(REQUIRED.length)}.cjs")\n`
    const place = plan.places.get(id)
    if (id === plan.late && below < place.at) return lateFunctions(place)
    if (place === undefined || place.at >= below) return null
    const names = Object.entries(place.names ?? {})
    // CommonJS would look each of them up at every use, and copy them all where the whole is imported.
    return format === "cjs"
      ? `import { core } from "${REQUIRED}${place.name}"\nexport const { ${names.map(([name, as]) => `${as}: ${name}`).join(", ")} } = core\n`
      : `export { ${names.map(([name, as]) => `${as} as ${name}`).join(", ")} } from "${CORE}${place.name}-names.cjs"\n`
  },
})

/** The entry of one file of the core. */
export const coreEntry = (plan, at) => ({
  name: "core-entry",
  resolveId: (id) => (id === "redix-core-entry" ? id : null),
  load: (id) =>
    id === "redix-core-entry"
      ? [...plan.used]
          .filter((used) => plan.places.get(used).at === at)
          .map((used) => {
            const names = Object.entries(plan.places.get(used).names)
            return `export { ${names.map(([name, as]) => `${name} as ${as}`).join(", ")} } from ${JSON.stringify(used)}`
          })
          .join("\n")
      : null,
})
