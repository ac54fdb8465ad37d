import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import {
  applied,
  digest,
  type FileTree,
  type StoredCommit,
  type StoredPull,
  type World,
} from '../support/world.ts';
import { type Match, match } from './description.ts';
import { sampleAnswer, sampleItem, sampleOf } from './sample.ts';

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const REPOSITORY = '/repos/acme/payments';

/**
 * GitHub, as far as promotions need it: it keeps its state in a World, and holds every request and every answer to
 * GitHub's own description.
 */
export class GitHubServer {
  readonly #server = createServer((request, response) => {
    const served = this.#serve(request).catch((error: unknown) => this.#problem(String(error)));
    served.then(({ status, body, headers = {} }) => {
      const here = `http://${request.headers.host}`;
      const link = headers['link'] && { link: headers['link'].replace('BASE', here) };
      response.writeHead(status, { 'content-type': 'application/json', ...headers, ...link });
      response.end(body === undefined ? '' : JSON.stringify(body));
    });
  });
  readonly #world: World;
  readonly #trees = new Map<string, FileTree>();
  readonly #next = new Map<string, (Answer | 'lost')[]>();
  /** `git/get-ref`, ...: every request, in order. */
  readonly requests: string[] = [];
  /** What was not as described; a test that did not plan it fails on it. */
  readonly problems: string[] = [];
  /** What the token may: nothing (404, as GitHub says it), read (403 to writes), or write. */
  rights: 'none' | 'read' | 'write' = 'write';
  authorization: string | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** The next requests of an operation get these answers; `lost`: it is carried out, and the answer is a 502. */
  next(operationId: string, ...answers: (Answer | 'lost')[]): void {
    this.#next.set(operationId, answers);
  }

  async #serve(request: IncomingMessage): Promise<Answer> {
    const url = new URL(request.url ?? '/', 'http://github.test');
    const hasBody =
      Number(request.headers['content-length'] ?? 0) > 0 || request.headers['transfer-encoding'];
    const body = hasBody ? ((await json(request)) as Record<string, unknown>) : undefined;
    const { method = 'GET' } = request;
    this.authorization = request.headers.authorization;
    const found = match(method, url.pathname);
    if (found === undefined) return this.#problem(`${method} ${url.pathname} is not described`);
    this.requests.push(found.operationId);
    const problems = found.requestProblems(url.searchParams, body);
    if (problems.length > 0) return this.#problem(`${found.operationId}: ${problems.join('; ')}`);
    const planned = this.#next.get(found.operationId)?.shift();
    if (planned !== undefined && planned !== 'lost') return planned;
    const answer = this.#answer(found, method, url, body ?? {});
    if (planned === 'lost') return { status: 502, body: message('Server Error') };
    // What every operation answers to a token that may not is not described of each.
    const isRefused = [401, 403].includes(answer.status) || this.rights === 'none';
    const wrong = isRefused ? [] : found.answerProblems(answer.status, answer.body);
    return wrong.length === 0 ? answer : this.#problem(`${found.operationId}: ${wrong.join('; ')}`);
  }

  #problem(problem: string): Answer {
    this.problems.push(problem);
    return { status: 400, body: message(problem) };
  }

  #answer(found: Match, method: string, url: URL, body: Record<string, unknown>): Answer {
    const { operationId } = found;
    const isApp = operationId.startsWith('apps/');
    if (this.rights === 'none' && !isApp) return { status: 404, body: message('Not Found') };
    if (this.rights === 'read' && method !== 'GET' && !isApp) {
      return { status: 403, body: message('Resource not accessible by integration') };
    }
    const handler = this.#handlers[operationId];
    if (handler === undefined) return this.#problem(`${operationId} is not served`);
    return handler(found.parameters, body, url.searchParams);
  }

  readonly #handlers: Readonly<
    Record<
      string,
      (
        path: Readonly<Record<string, string>>,
        body: Record<string, unknown>,
        query: URLSearchParams,
      ) => Answer
    >
  > = {
    'git/get-ref': ({ ref = '' }) => {
      const revision = this.#world.branches.get(ref.replace('heads/', ''));
      if (revision === undefined) return { status: 404, body: message('Not Found') };
      return this.#ref('get', `${REPO}/git/ref/{ref}`, 200, ref, revision);
    },
    'git/get-commit': ({ commit_sha = '' }) => {
      const commit = this.#world.commits.get(commit_sha);
      return commit === undefined
        ? { status: 404, body: message('Not Found') }
        : { status: 200, body: commitBody('get', `${REPO}/git/commits/{commit_sha}`, 200, commit) };
    },
    'git/create-tree': (_, body) => this.#createTree(body),
    'git/create-commit': (_, body) => {
      const files = this.#files(String(body['tree']));
      if (files === undefined) return { status: 422, body: invalid('tree') };
      this.#world.writes.push('createCommit');
      const parents = (body['parents'] ?? []) as string[];
      const commit = this.#world.add({ parents, files, author: 'bot', subject: String(body['message']) });
      return { status: 201, body: commitBody('post', `${REPO}/git/commits`, 201, commit) };
    },
    'git/create-ref': (_, body) => {
      const branch = String(body['ref']).replace('refs/heads/', '');
      if (this.#world.branches.has(branch)) return { status: 422, body: message('Reference already exists') };
      return this.#setBranch('post', `${REPO}/git/refs`, 201, branch, body);
    },
    'git/update-ref': ({ ref = '' }, body) => {
      const branch = ref.replace('heads/', '');
      if (!this.#world.branches.has(branch))
        return { status: 422, body: message('Reference does not exist') };
      if (body['force'] !== true) return { status: 422, body: message('Update is not a fast forward') };
      return this.#setBranch('patch', `${REPO}/git/refs/{ref}`, 200, branch, body);
    },
    'pulls/list': (_, _body, query) => {
      const [, branch] = (query.get('head') ?? ':').split(':');
      const open = this.#world.openPulls().filter((pull) => !branch || pull.head === branch);
      const all = open.filter((pull) => !query.has('base') || pull.base === query.get('base'));
      const sample = sampleItem('get', `${REPO}/pulls`, 200);
      return paged(
        all.map((pull) => this.#pullBody(sample, pull)),
        query,
        `${REPOSITORY}/pulls`,
      );
    },
    'pulls/get': ({ pull_number = '' }) => {
      const pull = this.#world.pulls.find(({ number }) => number === Number(pull_number));
      if (pull === undefined) return { status: 404, body: message('Not Found') };
      const sample = sampleAnswer('get', `${REPO}/pulls/{pull_number}`, 200);
      const whole = this.#pullBody(sample, pull) as object;
      const user = Object.assign({}, sampleOf('simple-user'), { login: pull.mergedBy });
      return {
        status: 200,
        body: Object.assign(whole, { merged_by: pull.mergedBy === undefined ? null : user }),
      };
    },
    'pulls/create': (_, body) => {
      const [head, base] = [String(body['head']), String(body['base'])];
      const existing = this.#world
        .openPulls()
        .find((pull) => pull.head === head && pull.base === base && !pull.fork);
      if (existing || !this.#world.branches.has(head)) return { status: 422, body: invalid('head') };
      this.#world.writes.push('open');
      const [title, text] = [String(body['title']), String(body['body'])];
      const number = this.#world.pulls.length + 1;
      const pull: StoredPull = {
        number,
        head,
        base,
        title,
        body: text,
        labels: [],
        state: 'open',
        comments: [],
      };
      this.#world.pulls.push(pull);
      return { status: 201, body: this.#pullBody(sampleAnswer('post', `${REPO}/pulls`, 201), pull) };
    },
    'pulls/update': ({ pull_number = '' }, body) => {
      const pull = this.#world.pulls.find(({ number }) => number === Number(pull_number));
      if (pull === undefined) return { status: 422, body: invalid('number') };
      this.#world.writes.push(body['state'] === 'closed' ? 'close' : 'update');
      Object.assign(pull, body);
      return {
        status: 200,
        body: this.#pullBody(sampleAnswer('patch', `${REPO}/pulls/{pull_number}`, 200), pull),
      };
    },
    'issues/add-labels': ({ issue_number = '' }, body) => {
      const pull = this.#world.pulls.find(({ number }) => number === Number(issue_number));
      if (pull === undefined) return { status: 404, body: message('Not Found') };
      this.#world.writes.push('addLabels');
      pull.labels = [...new Set([...pull.labels, ...((body['labels'] ?? []) as string[])])];
      return { status: 200, body: pull.labels.map(label) };
    },
    'issues/remove-label': ({ issue_number = '', name = '' }) => {
      const pull = this.#world.pulls.find(({ number }) => number === Number(issue_number));
      if (!pull?.labels.includes(name)) return { status: 404, body: message('Label does not exist') };
      this.#world.writes.push('removeLabels');
      pull.labels = pull.labels.filter((one) => one !== name);
      return { status: 200, body: pull.labels.map(label) };
    },
    'issues/create-comment': ({ issue_number = '' }, body) => {
      const pull = this.#world.pulls.find(({ number }) => number === Number(issue_number));
      pull?.comments.push(String(body['body']));
      return { status: 201, body: sampleAnswer('post', `${REPO}/issues/{issue_number}/comments`, 201) };
    },
    'repos/list-commit-statuses-for-ref': ({ ref = '' }, _, query) => {
      const sample = sampleItem('get', `${REPO}/commits/{ref}/statuses`, 200);
      const all = (this.#world.said.get(ref) ?? []).map(({ createdAt, creator, ...status }) =>
        Object.assign({}, sample, status, {
          created_at: createdAt,
          creator: Object.assign({}, sampleOf('simple-user'), { login: creator }),
        }),
      );
      return paged(all, query, `${REPOSITORY}/commits/${ref}/statuses`);
    },
    'repos/create-commit-status': ({ sha = '' }, body) => {
      this.#world.writes.push('setStatus');
      const { context = 'default', state = '', description = '' } = body as Record<string, string>;
      const status = { context, state: state as 'success', description };
      const said = {
        ...status,
        createdAt: new Date(this.#world.nowMs).toISOString(),
        creator: this.#world.user,
      };
      this.#world.said.set(sha, [said, ...(this.#world.said.get(sha) ?? [])]);
      const sample = sampleAnswer('post', `${REPO}/statuses/{sha}`, 201);
      const creator = Object.assign({}, sampleOf('simple-user'), { login: said.creator });
      const answer = { ...status, created_at: said.createdAt, creator };
      return { status: 201, body: Object.assign({}, sample, answer) };
    },
    'apps/get-repo-installation': () => {
      const sample = sampleAnswer('get', `${REPO}/installation`, 200);
      return { status: 200, body: Object.assign({}, sample, { id: 4711 }) };
    },
    'apps/create-installation-access-token': ({ installation_id }) => {
      if (installation_id !== '4711') return { status: 404, body: message('Not Found') };
      const path = '/app/installations/{installation_id}/access_tokens';
      const expires = new Date(Date.now() + 3_600_000).toISOString();
      const token = { token: 'ghs_installation', expires_at: expires, permissions: {} };
      return { status: 201, body: Object.assign({}, sampleAnswer('post', path, 201), token) };
    },
  };

  #files(tree: string): FileTree | undefined {
    const commit = [...this.#world.commits.values()].find((one) => one.tree === tree);
    return commit?.files ?? this.#trees.get(tree);
  }

  #createTree(body: Record<string, unknown>): Answer {
    const base = this.#files(String(body['base_tree']));
    if (base === undefined) return { status: 404, body: message('Not Found') };
    const entries = body['tree'] as { path: string; content?: string; sha?: null }[];
    const gone = entries.find(({ path, sha }) => sha === null && !base.has(path));
    if (gone !== undefined) return { status: 422, body: invalid('tree') };
    const files = applied(base, new Map(entries.map(({ path, content }) => [path, content])));
    const sha = digest([...files]);
    this.#trees.set(sha, files);
    const sample = sampleAnswer('post', `${REPO}/git/trees`, 201);
    return { status: 201, body: Object.assign({}, sample, { sha }) };
  }

  #setBranch(
    method: string,
    path: string,
    status: number,
    branch: string,
    body: Record<string, unknown>,
  ): Answer {
    const revision = String(body['sha']);
    if (!this.#world.commits.has(revision)) return { status: 422, body: message('Object does not exist') };
    this.#world.writes.push('setBranch');
    this.#world.branches.set(branch, revision);
    return this.#ref(method, path, status, `heads/${branch}`, revision);
  }

  #ref(method: string, path: string, status: number, ref: string, sha: string): Answer {
    const object = { type: 'commit', sha, url: 'https://github.test/' };
    return {
      status,
      body: Object.assign({}, sampleAnswer(method, path, status), { ref: `refs/${ref}`, object }),
    };
  }

  #pullBody(sample: unknown, pull: StoredPull): unknown {
    const from = sample as { head: object; base: { repo: object } };
    const own = Object.assign({}, from.base.repo, { full_name: 'acme/payments' });
    return Object.assign({}, sample, {
      number: pull.number,
      html_url: `https://github.test/acme/payments/pull/${pull.number}`,
      title: pull.title,
      body: pull.body,
      state: pull.state === 'open' ? 'open' : 'closed',
      labels: pull.labels.map(label),
      head: Object.assign({}, from.head, {
        ref: pull.head,
        repo: pull.fork === undefined ? own : Object.assign({}, own, { full_name: pull.fork }),
      }),
      base: Object.assign({}, from.base, { ref: pull.base, repo: own }),
    });
  }
}

const REPO = '/repos/{owner}/{repo}';

const message = (text: string) => ({ message: text, documentation_url: 'https://docs.github.com/rest' });
const invalid = (field: string) => ({
  ...message('Validation Failed'),
  errors: [
    {
      resource: 'PullRequest',
      field,
      code: 'custom',
      message: `A pull request already exists or ${field} is wrong`,
    },
  ],
});

function label(name: string) {
  return {
    id: 1,
    node_id: '',
    url: 'https://github.test/',
    name,
    color: 'ededed',
    default: false,
    description: '',
  };
}

function commitBody(method: string, path: string, status: number, commit: StoredCommit): unknown {
  const sample = sampleAnswer(method, path, status) as { tree: object };
  const parents = commit.parents.map((sha) => ({
    sha,
    url: 'https://github.test/',
    html_url: 'https://github.test/',
  }));
  return Object.assign({}, sample, {
    sha: commit.revision,
    message: commit.subject,
    tree: Object.assign({}, sample.tree, { sha: commit.tree }),
    parents,
  });
}

function paged(all: readonly unknown[], query: URLSearchParams, path: string): Answer {
  const size = Number(query.get('per_page') ?? 30);
  const page = Number(query.get('page') ?? 1);
  const last = Math.max(1, Math.ceil(all.length / size));
  const next = new URLSearchParams([...query].filter(([name]) => name !== 'page'));
  next.set('page', String(page + 1));
  const headers = page < last ? { link: `<BASE${path}?${next}>; rel="next"` } : {};
  return { status: 200, body: all.slice((page - 1) * size, page * size), headers };
}
