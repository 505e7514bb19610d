import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareSubmission, type Submission } from '../../cli/src/submission/prepare.js';
import { writeTinyCampaign } from '../kit/tiny-campaign.js';

/** What one campaign came to: rows and queries are the same however often it is run. */
export interface Ending {
  readonly digest: string;
  readonly queries: number;
}

/** Small campaigns of every kind of task, as many as are asked for; those of one variant have the same rows. */
export class Campaigns {
  readonly #folder: string;
  readonly #text: string;
  readonly variants: number;

  private constructor(folder: string, text: string, variants: number) {
    this.#folder = folder;
    this.#text = text;
    this.variants = variants;
  }

  static async write(folder: string, variants: number): Promise<Campaigns> {
    const path = await writeTinyCampaign(folder, { samples: 20, shardSize: 5, budget: 300 });
    return new Campaigns(folder, await readFile(path, 'utf8'), variants);
  }

  /** The campaign of this name and variant, ready to be submitted. */
  async submission(name: string, variant: number): Promise<Submission> {
    const path = join(this.#folder, `${name}.yaml`);
    const text = this.#text
      .replace(/^name: .*$/m, `name: ${name}`)
      .replace(/^seed: .*$/m, `seed: ${variant}`);
    await writeFile(path, text);
    return prepareSubmission(path, { dataDir: this.#folder });
  }
}
