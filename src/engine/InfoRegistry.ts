/**
 * What INFO shows. Whoever knows the truth of some fields adds them to their section, at its end or right behind a field
 * of another owner:
 *
 *     engine.info.add("replication", () => [["role", "master"], ...])
 *     engine.info.add("stats", () => [["sync_full", master.fullSyncs], ...], "rejected_connections")
 *
 * A function is called each time INFO is asked for; it must be quick and must not change anything. A field has one owner.
 */

type InfoValue = string | number
export type InfoField = readonly [name: string, value: InfoValue]
type Fields = () => ReadonlyArray<InfoField>

interface Behind {
  readonly field: string
  readonly fields: Fields
}

class Section {
  readonly atEnd: Array<Fields> = []
  readonly behind: Array<Behind> = []
}

export class InfoRegistry {
  private readonly sections = new Map<string, Section>()

  /** Adds fields to a section, by its name in lower case: behind the field named, or at the end. */
  add(name: string, fields: Fields, behind?: string): void {
    let section = this.sections.get(name)
    if (section === undefined) this.sections.set(name, (section = new Section()))
    if (behind === undefined) section.atEnd.push(fields)
    else section.behind.push({ field: behind, fields })
  }

  /** The fields of a section as they are now, in order; none for an unknown section. */
  lines(name: string): ReadonlyArray<InfoField> {
    const section = this.sections.get(name)
    if (section === undefined) return []
    const lines = section.atEnd.flatMap((fields) => fields())
    for (const { field, fields } of section.behind) {
      const at = lines.findIndex(([other]) => other === field)
      if (at < 0) throw new Error(`INFO ${name}: there is no ${field} for fields to stand behind`)
      lines.splice(at + 1, 0, ...fields())
    }
    return lines
  }
}
