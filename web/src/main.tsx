import { render } from 'preact';
import { App } from './app';
import { followAddress } from './routes';
import './style.css';
import { startTheme } from './theme';

startTheme();
followAddress();
const place = document.getElementById('page');
if (place) render(<App />, place);
