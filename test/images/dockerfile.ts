import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DockerfileParser, From, type Instruction, ModifiableInstruction } from 'dockerfile-ast';

export const repository = fileURLToPath(new URL('../../', import.meta.url));
export const text = readFileSync(`${repository}Dockerfile`, 'utf8');

export interface Stage {
  readonly name: string;
  /** Image or stage that it is built on, variables as they are written. */
  readonly from: string;
  readonly platform: string | undefined;
  /** Keyword and arguments, in order, without the FROM. */
  readonly instructions: readonly (readonly [keyword: string, content: string])[];
}

/** The stages of the Dockerfile, in order. */
export function stages(): Stage[] {
  const found: (Stage & { instructions: [string, string][] })[] = [];
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    if (instruction instanceof From) {
      found.push({
        name: instruction.getBuildStage() ?? '',
        from: instruction.getImage() ?? '',
        platform: instruction.getPlatformFlag()?.getValue() ?? undefined,
        instructions: [],
      });
    } else {
      found.at(-1)?.instructions.push([instruction.getKeyword(), contents(instruction)]);
    }
  }
  return found;
}

/** With the flags, such as `--from=install`. */
function contents(instruction: Instruction): string {
  const flags = instruction instanceof ModifiableInstruction ? instruction.getFlags() : [];
  return [...flags.map(String), instruction.getRawArgumentsContent() ?? ''].join(' ');
}

export function contentOf(stage: Stage | undefined, keyword: string): string[] {
  return (stage?.instructions ?? []).filter(([found]) => found === keyword).map(([, content]) => content);
}

export interface Image {
  readonly name: string;
  /** Such as `services/vault`. */
  readonly workspace: string;
  /** Entry point and default command; the program lies in /app. */
  readonly command: readonly string[];
}

/** The stages that are images: those with an entry point. */
export function images(): Image[] {
  const all = stages();
  return all
    .filter((stage) => contentOf(stage, 'ENTRYPOINT').length > 0)
    .map((stage) => {
      const source = /^--from=(\S+) \/app \/app$/.exec(contentOf(stage, 'COPY').join())?.[1];
      const tree = contentOf(
        all.find(({ name }) => name === source),
        'RUN',
      ).join();
      const workspace = /^node tools\/production-tree\.mjs (\S+) \/app$/.exec(tree)?.[1];
      if (workspace === undefined) throw new Error(`${stage.name}: of which workspace is ${tree}?`);
      const command = ['ENTRYPOINT', 'CMD'].flatMap((keyword) => words(contentOf(stage, keyword).join()));
      return { name: stage.name, workspace, command };
    });
}

/** An exec form is JSON; a shell form would need a shell, which the base has not. */
function words(content: string): string[] {
  const parsed: unknown = JSON.parse(content);
  if (Array.isArray(parsed) && parsed.every((word) => typeof word === 'string')) return parsed;
  throw new Error(`not an exec form: ${content}`);
}
