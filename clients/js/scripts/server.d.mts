export interface RunningServer {
  url: string;
  port: number;
  kill(): Promise<void>;
  stop(): Promise<void>;
}
export function program(): string;
export function startServer(args: string[], port?: number): Promise<RunningServer>;
