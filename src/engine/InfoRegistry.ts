/**
 * What INFO shows, by section. The parts of the server that know a section's or a field's truth register it here; until
 * then INFO prints the values of an idle Redis.
 *
 *     engine.info.section("replication", () => [["role", "master"], ...])     a whole section, in place of the built-in
 *     engine.info.field("sync_full", () => master.fullSyncs)                  one field of any section
 *
 * A function is called each time INFO is asked for; it must be quick and must not change anything.
 */

export type InfoValue = string | number
export type InfoField = readonly [name: string, value: InfoValue]

export class InfoRegistry {
  private readonly sections = new Map<string, () => ReadonlyArray<InfoField>>()
  private readonly fields = new Map<string, () => InfoValue>()

  /** Provides a section, by its name in lower case. The latest provider counts. */
  section(name: string, lines: () => ReadonlyArray<InfoField>): void {
    this.sections.set(name, lines)
  }

  /** Provides one field. It stands wherever its section has a field of that name. */
  field(name: string, value: () => InfoValue): void {
    this.fields.set(name, value)
  }

  /** The fields of a section as they are now, in order; none for an unknown section. */
  lines(name: string): ReadonlyArray<InfoField> {
    const lines = this.sections.get(name)?.() ?? []
    if (this.fields.size === 0) return lines
    return lines.map(([field, value]) => [field, this.fields.get(field)?.() ?? value] as const)
  }
}
