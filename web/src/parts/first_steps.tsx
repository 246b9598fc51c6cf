import { may } from '../net/api';

// Where there is nothing yet: what to do.
export function FirstSteps() {
  return (
    <div class="empty">
      <p>There is no resource class yet. It takes three steps to a first job:</p>
      <ol>
        <li>
          {may('admin') ? <a href="/classes">Create a class</a> : 'Have an administrator create a class'},
          such as <code>local/small</code>.
        </li>
        <li>
          Create a token of it, and start a runner with <code>muster agent --config FILE</code>.
        </li>
        <li>
          In a repository with a <code>.circleci/config.yml</code>, run <code>muster run</code>.
        </li>
      </ol>
    </div>
  );
}
