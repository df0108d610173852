var e=globalThis,t=e.ShadowRoot&&(e.ShadyCSS===void 0||e.ShadyCSS.nativeShadow)&&`adoptedStyleSheets`in Document.prototype&&`replace`in CSSStyleSheet.prototype,n=Symbol(),r=new WeakMap,i=class{constructor(e,t,r){if(this._$cssResult$=!0,r!==n)throw Error("CSSResult is not constructable. Use `unsafeCSS` or `css` instead.");this.cssText=e,this.t=t}get styleSheet(){let e=this.o,n=this.t;if(t&&e===void 0){let t=n!==void 0&&n.length===1;t&&(e=r.get(n)),e===void 0&&((this.o=e=new CSSStyleSheet).replaceSync(this.cssText),t&&r.set(n,e))}return e}toString(){return this.cssText}},a=e=>new i(typeof e==`string`?e:e+``,void 0,n),o=(e,...t)=>new i(e.length===1?e[0]:t.reduce((t,n,r)=>t+(e=>{if(!0===e._$cssResult$)return e.cssText;if(typeof e==`number`)return e;throw Error(`Value passed to 'css' function must be a 'css' function result: `+e+`. Use 'unsafeCSS' to pass non-literal values, but take care to ensure page security.`)})(n)+e[r+1],e[0]),e,n),s=(n,r)=>{if(t)n.adoptedStyleSheets=r.map(e=>e instanceof CSSStyleSheet?e:e.styleSheet);else for(let t of r){let r=document.createElement(`style`),i=e.litNonce;i!==void 0&&r.setAttribute(`nonce`,i),r.textContent=t.cssText,n.appendChild(r)}},c=t?e=>e:e=>e instanceof CSSStyleSheet?(e=>{let t=``;for(let n of e.cssRules)t+=n.cssText;return a(t)})(e):e,{is:l,defineProperty:u,getOwnPropertyDescriptor:d,getOwnPropertyNames:f,getOwnPropertySymbols:p,getPrototypeOf:m}=Object,h=globalThis,ee=h.trustedTypes,te=ee?ee.emptyScript:``,ne=h.reactiveElementPolyfillSupport,g=(e,t)=>e,_={toAttribute(e,t){switch(t){case Boolean:e=e?te:null;break;case Object:case Array:e=e==null?e:JSON.stringify(e)}return e},fromAttribute(e,t){let n=e;switch(t){case Boolean:n=e!==null;break;case Number:n=e===null?null:Number(e);break;case Object:case Array:try{n=JSON.parse(e)}catch{n=null}}return n}},re=(e,t)=>!l(e,t),ie={attribute:!0,type:String,converter:_,reflect:!1,useDefault:!1,hasChanged:re};Symbol.metadata??=Symbol(`metadata`),h.litPropertyMetadata??=new WeakMap;var v=class extends HTMLElement{static addInitializer(e){this._$Ei(),(this.l??=[]).push(e)}static get observedAttributes(){return this.finalize(),this._$Eh&&[...this._$Eh.keys()]}static createProperty(e,t=ie){if(t.state&&(t.attribute=!1),this._$Ei(),this.prototype.hasOwnProperty(e)&&((t=Object.create(t)).wrapped=!0),this.elementProperties.set(e,t),!t.noAccessor){let n=Symbol(),r=this.getPropertyDescriptor(e,n,t);r!==void 0&&u(this.prototype,e,r)}}static getPropertyDescriptor(e,t,n){let{get:r,set:i}=d(this.prototype,e)??{get(){return this[t]},set(e){this[t]=e}};return{get:r,set(t){let a=r?.call(this);i?.call(this,t),this.requestUpdate(e,a,n)},configurable:!0,enumerable:!0}}static getPropertyOptions(e){return this.elementProperties.get(e)??ie}static _$Ei(){if(this.hasOwnProperty(g(`elementProperties`)))return;let e=m(this);e.finalize(),e.l!==void 0&&(this.l=[...e.l]),this.elementProperties=new Map(e.elementProperties)}static finalize(){if(this.hasOwnProperty(g(`finalized`)))return;if(this.finalized=!0,this._$Ei(),this.hasOwnProperty(g(`properties`))){let e=this.properties,t=[...f(e),...p(e)];for(let n of t)this.createProperty(n,e[n])}let e=this[Symbol.metadata];if(e!==null){let t=litPropertyMetadata.get(e);if(t!==void 0)for(let[e,n]of t)this.elementProperties.set(e,n)}this._$Eh=new Map;for(let[e,t]of this.elementProperties){let n=this._$Eu(e,t);n!==void 0&&this._$Eh.set(n,e)}this.elementStyles=this.finalizeStyles(this.styles)}static finalizeStyles(e){let t=[];if(Array.isArray(e)){let n=new Set(e.flat(1/0).reverse());for(let e of n)t.unshift(c(e))}else e!==void 0&&t.push(c(e));return t}static _$Eu(e,t){let n=t.attribute;return!1===n?void 0:typeof n==`string`?n:typeof e==`string`?e.toLowerCase():void 0}constructor(){super(),this._$Ep=void 0,this.isUpdatePending=!1,this.hasUpdated=!1,this._$Em=null,this._$Ev()}_$Ev(){this._$ES=new Promise(e=>this.enableUpdating=e),this._$AL=new Map,this._$E_(),this.requestUpdate(),this.constructor.l?.forEach(e=>e(this))}addController(e){(this._$EO??=new Set).add(e),this.renderRoot!==void 0&&this.isConnected&&e.hostConnected?.()}removeController(e){this._$EO?.delete(e)}_$E_(){let e=new Map,t=this.constructor.elementProperties;for(let n of t.keys())this.hasOwnProperty(n)&&(e.set(n,this[n]),delete this[n]);e.size>0&&(this._$Ep=e)}createRenderRoot(){let e=this.shadowRoot??this.attachShadow(this.constructor.shadowRootOptions);return s(e,this.constructor.elementStyles),e}connectedCallback(){this.renderRoot??=this.createRenderRoot(),this.enableUpdating(!0),this._$EO?.forEach(e=>e.hostConnected?.())}enableUpdating(e){}disconnectedCallback(){this._$EO?.forEach(e=>e.hostDisconnected?.())}attributeChangedCallback(e,t,n){this._$AK(e,n)}_$ET(e,t){let n=this.constructor.elementProperties.get(e),r=this.constructor._$Eu(e,n);if(r!==void 0&&!0===n.reflect){let i=(n.converter?.toAttribute===void 0?_:n.converter).toAttribute(t,n.type);this._$Em=e,i==null?this.removeAttribute(r):this.setAttribute(r,i),this._$Em=null}}_$AK(e,t){let n=this.constructor,r=n._$Eh.get(e);if(r!==void 0&&this._$Em!==r){let e=n.getPropertyOptions(r),i=typeof e.converter==`function`?{fromAttribute:e.converter}:e.converter?.fromAttribute===void 0?_:e.converter;this._$Em=r;let a=i.fromAttribute(t,e.type);this[r]=a??this._$Ej?.get(r)??a,this._$Em=null}}requestUpdate(e,t,n,r=!1,i){if(e!==void 0){let a=this.constructor;if(!1===r&&(i=this[e]),n??=a.getPropertyOptions(e),!((n.hasChanged??re)(i,t)||n.useDefault&&n.reflect&&i===this._$Ej?.get(e)&&!this.hasAttribute(a._$Eu(e,n))))return;this.C(e,t,n)}!1===this.isUpdatePending&&(this._$ES=this._$EP())}C(e,t,{useDefault:n,reflect:r,wrapped:i},a){n&&!(this._$Ej??=new Map).has(e)&&(this._$Ej.set(e,a??t??this[e]),!0!==i||a!==void 0)||(this._$AL.has(e)||(this.hasUpdated||n||(t=void 0),this._$AL.set(e,t)),!0===r&&this._$Em!==e&&(this._$Eq??=new Set).add(e))}async _$EP(){this.isUpdatePending=!0;try{await this._$ES}catch(e){Promise.reject(e)}let e=this.scheduleUpdate();return e!=null&&await e,!this.isUpdatePending}scheduleUpdate(){return this.performUpdate()}performUpdate(){if(!this.isUpdatePending)return;if(!this.hasUpdated){if(this.renderRoot??=this.createRenderRoot(),this._$Ep){for(let[e,t]of this._$Ep)this[e]=t;this._$Ep=void 0}let e=this.constructor.elementProperties;if(e.size>0)for(let[t,n]of e){let{wrapped:e}=n,r=this[t];!0!==e||this._$AL.has(t)||r===void 0||this.C(t,void 0,n,r)}}let e=!1,t=this._$AL;try{e=this.shouldUpdate(t),e?(this.willUpdate(t),this._$EO?.forEach(e=>e.hostUpdate?.()),this.update(t)):this._$EM()}catch(t){throw e=!1,this._$EM(),t}e&&this._$AE(t)}willUpdate(e){}_$AE(e){this._$EO?.forEach(e=>e.hostUpdated?.()),this.hasUpdated||(this.hasUpdated=!0,this.firstUpdated(e)),this.updated(e)}_$EM(){this._$AL=new Map,this.isUpdatePending=!1}get updateComplete(){return this.getUpdateComplete()}getUpdateComplete(){return this._$ES}shouldUpdate(e){return!0}update(e){this._$Eq&&=this._$Eq.forEach(e=>this._$ET(e,this[e])),this._$EM()}updated(e){}firstUpdated(e){}};v.elementStyles=[],v.shadowRootOptions={mode:`open`},v[g(`elementProperties`)]=new Map,v[g(`finalized`)]=new Map,ne?.({ReactiveElement:v}),(h.reactiveElementVersions??=[]).push(`2.1.2`);var ae=globalThis,oe=e=>e,y=ae.trustedTypes,se=y?y.createPolicy(`lit-html`,{createHTML:e=>e}):void 0,ce=`$lit$`,b=`lit$${Math.random().toFixed(9).slice(2)}$`,le=`?`+b,ue=`<${le}>`,x=document,S=()=>x.createComment(``),C=e=>e===null||typeof e!=`object`&&typeof e!=`function`,de=Array.isArray,fe=e=>de(e)||typeof e?.[Symbol.iterator]==`function`,w=`[ 	
\f\r]`,T=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,pe=/-->/g,me=/>/g,E=RegExp(`>|${w}(?:([^\\s"'>=/]+)(${w}*=${w}*(?:[^ \t\n\f\r"'\`<>=]|("|')|))|$)`,`g`),he=/'/g,ge=/"/g,_e=/^(?:script|style|textarea|title)$/i,ve=e=>(t,...n)=>({_$litType$:e,strings:t,values:n}),D=ve(1),O=ve(2),k=Symbol.for(`lit-noChange`),A=Symbol.for(`lit-nothing`),ye=new WeakMap,j=x.createTreeWalker(x,129);function be(e,t){if(!de(e)||!e.hasOwnProperty(`raw`))throw Error(`invalid template strings array`);return se===void 0?t:se.createHTML(t)}var xe=(e,t)=>{let n=e.length-1,r=[],i,a=t===2?`<svg>`:t===3?`<math>`:``,o=T;for(let t=0;t<n;t++){let n=e[t],s,c,l=-1,u=0;for(;u<n.length&&(o.lastIndex=u,c=o.exec(n),c!==null);)u=o.lastIndex,o===T?c[1]===`!--`?o=pe:c[1]===void 0?c[2]===void 0?c[3]!==void 0&&(o=E):(_e.test(c[2])&&(i=RegExp(`</`+c[2],`g`)),o=E):o=me:o===E?c[0]===`>`?(o=i??T,l=-1):c[1]===void 0?l=-2:(l=o.lastIndex-c[2].length,s=c[1],o=c[3]===void 0?E:c[3]===`"`?ge:he):o===ge||o===he?o=E:o===pe||o===me?o=T:(o=E,i=void 0);let d=o===E&&e[t+1].startsWith(`/>`)?` `:``;a+=o===T?n+ue:l>=0?(r.push(s),n.slice(0,l)+ce+n.slice(l)+b+d):n+b+(l===-2?t:d)}return[be(e,a+(e[n]||`<?>`)+(t===2?`</svg>`:t===3?`</math>`:``)),r]},Se=class e{constructor({strings:t,_$litType$:n},r){let i;this.parts=[];let a=0,o=0,s=t.length-1,c=this.parts,[l,u]=xe(t,n);if(this.el=e.createElement(l,r),j.currentNode=this.el.content,n===2||n===3){let e=this.el.content.firstChild;e.replaceWith(...e.childNodes)}for(;(i=j.nextNode())!==null&&c.length<s;){if(i.nodeType===1){if(i.hasAttributes())for(let e of i.getAttributeNames())if(e.endsWith(ce)){let t=u[o++],n=i.getAttribute(e).split(b),r=/([.?@])?(.*)/.exec(t);c.push({type:1,index:a,name:r[2],strings:n,ctor:r[1]===`.`?we:r[1]===`?`?Te:r[1]===`@`?Ee:P}),i.removeAttribute(e)}else e.startsWith(b)&&(c.push({type:6,index:a}),i.removeAttribute(e));if(_e.test(i.tagName)){let e=i.textContent.split(b),t=e.length-1;if(t>0){i.textContent=y?y.emptyScript:``;for(let n=0;n<t;n++)i.append(e[n],S()),j.nextNode(),c.push({type:2,index:++a});i.append(e[t],S())}}}else if(i.nodeType===8){if(i.data===le)c.push({type:2,index:a});else{let e=-1;for(;(e=i.data.indexOf(b,e+1))!==-1;)c.push({type:7,index:a}),e+=b.length-1}}a++}}static createElement(e,t){let n=x.createElement(`template`);return n.innerHTML=e,n}};function M(e,t,n=e,r){if(t===k)return t;let i=r===void 0?n._$Cl:n._$Co?.[r],a=C(t)?void 0:t._$litDirective$;return i?.constructor!==a&&(i?._$AO?.(!1),a===void 0?i=void 0:(i=new a(e),i._$AT(e,n,r)),r===void 0?n._$Cl=i:(n._$Co??=[])[r]=i),i!==void 0&&(t=M(e,i._$AS(e,t.values),i,r)),t}var Ce=class{constructor(e,t){this._$AV=[],this._$AN=void 0,this._$AD=e,this._$AM=t}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(e){let{el:{content:t},parts:n}=this._$AD,r=(e?.creationScope??x).importNode(t,!0);j.currentNode=r;let i=j.nextNode(),a=0,o=0,s=n[0];for(;s!==void 0;){if(a===s.index){let t;s.type===2?t=new N(i,i.nextSibling,this,e):s.type===1?t=new s.ctor(i,s.name,s.strings,this,e):s.type===6&&(t=new De(i,this,e)),this._$AV.push(t),s=n[++o]}a!==s?.index&&(i=j.nextNode(),a++)}return j.currentNode=x,r}p(e){let t=0;for(let n of this._$AV)n!==void 0&&(n.strings===void 0?n._$AI(e[t]):(n._$AI(e,n,t),t+=n.strings.length-2)),t++}},N=class e{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(e,t,n,r){this.type=2,this._$AH=A,this._$AN=void 0,this._$AA=e,this._$AB=t,this._$AM=n,this.options=r,this._$Cv=r?.isConnected??!0}get parentNode(){let e=this._$AA.parentNode,t=this._$AM;return t!==void 0&&e?.nodeType===11&&(e=t.parentNode),e}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(e,t=this){e=M(this,e,t),C(e)?e===A||e==null||e===``?(this._$AH!==A&&this._$AR(),this._$AH=A):e!==this._$AH&&e!==k&&this._(e):e._$litType$===void 0?e.nodeType===void 0?fe(e)?this.k(e):this._(e):this.T(e):this.$(e)}O(e){return this._$AA.parentNode.insertBefore(e,this._$AB)}T(e){this._$AH!==e&&(this._$AR(),this._$AH=this.O(e))}_(e){this._$AH!==A&&C(this._$AH)?this._$AA.nextSibling.data=e:this.T(x.createTextNode(e)),this._$AH=e}$(e){let{values:t,_$litType$:n}=e,r=typeof n==`number`?this._$AC(e):(n.el===void 0&&(n.el=Se.createElement(be(n.h,n.h[0]),this.options)),n);if(this._$AH?._$AD===r)this._$AH.p(t);else{let e=new Ce(r,this),n=e.u(this.options);e.p(t),this.T(n),this._$AH=e}}_$AC(e){let t=ye.get(e.strings);return t===void 0&&ye.set(e.strings,t=new Se(e)),t}k(t){de(this._$AH)||(this._$AH=[],this._$AR());let n=this._$AH,r,i=0;for(let a of t)i===n.length?n.push(r=new e(this.O(S()),this.O(S()),this,this.options)):r=n[i],r._$AI(a),i++;i<n.length&&(this._$AR(r&&r._$AB.nextSibling,i),n.length=i)}_$AR(e=this._$AA.nextSibling,t){for(this._$AP?.(!1,!0,t);e!==this._$AB;){let t=oe(e).nextSibling;oe(e).remove(),e=t}}setConnected(e){this._$AM===void 0&&(this._$Cv=e,this._$AP?.(e))}},P=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(e,t,n,r,i){this.type=1,this._$AH=A,this._$AN=void 0,this.element=e,this.name=t,this._$AM=r,this.options=i,n.length>2||n[0]!==``||n[1]!==``?(this._$AH=Array(n.length-1).fill(new String),this.strings=n):this._$AH=A}_$AI(e,t=this,n,r){let i=this.strings,a=!1;if(i===void 0)e=M(this,e,t,0),a=!C(e)||e!==this._$AH&&e!==k,a&&(this._$AH=e);else{let r=e,o,s;for(e=i[0],o=0;o<i.length-1;o++)s=M(this,r[n+o],t,o),s===k&&(s=this._$AH[o]),a||=!C(s)||s!==this._$AH[o],s===A?e=A:e!==A&&(e+=(s??``)+i[o+1]),this._$AH[o]=s}a&&!r&&this.j(e)}j(e){e===A?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,e??``)}},we=class extends P{constructor(){super(...arguments),this.type=3}j(e){this.element[this.name]=e===A?void 0:e}},Te=class extends P{constructor(){super(...arguments),this.type=4}j(e){this.element.toggleAttribute(this.name,!!e&&e!==A)}},Ee=class extends P{constructor(e,t,n,r,i){super(e,t,n,r,i),this.type=5}_$AI(e,t=this){if((e=M(this,e,t,0)??A)===k)return;let n=this._$AH,r=e===A&&n!==A||e.capture!==n.capture||e.once!==n.once||e.passive!==n.passive,i=e!==A&&(n===A||r);r&&this.element.removeEventListener(this.name,this,n),i&&this.element.addEventListener(this.name,this,e),this._$AH=e}handleEvent(e){typeof this._$AH==`function`?this._$AH.call(this.options?.host??this.element,e):this._$AH.handleEvent(e)}},De=class{constructor(e,t,n){this.element=e,this.type=6,this._$AN=void 0,this._$AM=t,this.options=n}get _$AU(){return this._$AM._$AU}_$AI(e){M(this,e)}},Oe={M:ce,P:b,A:le,C:1,L:xe,R:Ce,D:fe,V:M,I:N,H:P,N:Te,U:Ee,B:we,F:De},ke=ae.litHtmlPolyfillSupport;ke?.(Se,N),(ae.litHtmlVersions??=[]).push(`3.3.3`);var Ae=(e,t,n)=>{let r=n?.renderBefore??t,i=r._$litPart$;if(i===void 0){let e=n?.renderBefore??null;r._$litPart$=i=new N(t.insertBefore(S(),e),e,void 0,n??{})}return i._$AI(e),i},je=globalThis,F=class extends v{constructor(){super(...arguments),this.renderOptions={host:this},this._$Do=void 0}createRenderRoot(){let e=super.createRenderRoot();return this.renderOptions.renderBefore??=e.firstChild,e}update(e){let t=this.render();this.hasUpdated||(this.renderOptions.isConnected=this.isConnected),super.update(e),this._$Do=Ae(t,this.renderRoot,this.renderOptions)}connectedCallback(){super.connectedCallback(),this._$Do?.setConnected(!0)}disconnectedCallback(){super.disconnectedCallback(),this._$Do?.setConnected(!1)}render(){return k}};F._$litElement$=!0,F.finalized=!0,je.litElementHydrateSupport?.({LitElement:F});var Me=je.litElementPolyfillSupport;Me?.({LitElement:F}),(je.litElementVersions??=[]).push(`4.2.2`);var Ne={attribute:!0,type:String,converter:_,reflect:!1,hasChanged:re},Pe=(e=Ne,t,n)=>{let{kind:r,metadata:i}=n,a=globalThis.litPropertyMetadata.get(i);if(a===void 0&&globalThis.litPropertyMetadata.set(i,a=new Map),r===`setter`&&((e=Object.create(e)).wrapped=!0),a.set(n.name,e),r===`accessor`){let{name:r}=n;return{set(n){let i=t.get.call(this);t.set.call(this,n),this.requestUpdate(r,i,e,!0,n)},init(t){return t!==void 0&&this.C(r,void 0,e,t),t}}}if(r===`setter`){let{name:r}=n;return function(n){let i=this[r];t.call(this,n),this.requestUpdate(r,i,e,!0,n)}}throw Error(`Unsupported decorator location: `+r)};function I(e){return(t,n)=>typeof n==`object`?Pe(e,t,n):((e,t,n)=>{let r=t.hasOwnProperty(n);return t.constructor.createProperty(n,e),r?Object.getOwnPropertyDescriptor(t,n):void 0})(e,t,n)}function L(e){return I({...e,state:!0,attribute:!1})}var Fe=(e,t,n)=>(n.configurable=!0,n.enumerable=!0,Reflect.decorate&&typeof t!=`object`&&Object.defineProperty(e,t,n),n);function Ie(e,t){return(n,r,i)=>{let a=t=>t.renderRoot?.querySelector(e)??null;if(t){let{get:e,set:t}=typeof r==`object`?n:i??(()=>{let e=Symbol();return{get(){return this[e]},set(t){this[e]=t}}})();return Fe(n,r,{get(){let n=e.call(this);return n===void 0&&(n=a(this),(n!==null||this.hasUpdated)&&t.call(this,n)),n}})}return Fe(n,r,{get(){return a(this)}})}}var Le=`home_security_intelligence`;function R(e){return e&&typeof e==`object`&&`message`in e?String(e.message):String(e)}function Re(e,t){e.dispatchEvent(new CustomEvent(`hass-more-info`,{detail:{entityId:t},bubbles:!0,composed:!0}))}var ze=5e3,Be=class{constructor(e,t){this.connection=e,this.entryId=t,this.overview=null,this.error=null,this.listeners=new Set,this.stop=null,this.attempt=0,this.restart=()=>{clearTimeout(this.timer),this.stop=null;for(let e of this.listeners)e.resync?.();this.start()}}listen(e){return this.listeners.add(e),this.listeners.size===1?(this.connection.addEventListener(`ready`,this.restart),this.start()):this.overview&&e.overview?.(this.overview),()=>{this.listeners.delete(e)&&this.listeners.size===0&&this.end()}}async start(){let e=++this.attempt,t=this.entryId?{entry_id:this.entryId}:{};try{let n=await this.connection.subscribeMessage(t=>e===this.attempt&&this.take(t),{type:`${Le}/subscribe_events`,...t},{resubscribe:!1});e===this.attempt?this.stop=n:n().catch(()=>void 0)}catch(t){if(e!==this.attempt)return;this.report(R(t)),this.timer=setTimeout(()=>void this.start(),ze)}}end(){this.attempt++,clearTimeout(this.timer),this.connection.removeEventListener(`ready`,this.restart),this.stop?.().catch(()=>void 0),this.stop=null,this.overview=null}take(e){if(e.type===`resync`)for(let e of this.listeners)e.resync?.();else if(e.type===`event`)for(let t of this.listeners)t.event?.(e.event,e.phase);else{if(this.overview=Ue(this.overview,e),this.overview===null)return;this.report(null);for(let e of this.listeners)e.overview?.(this.overview)}}report(e){if(e!==this.error){this.error=e;for(let t of this.listeners)t.error?.(e)}}},Ve=new WeakMap;function He(e,t){let n=Ve.get(e)??new Map;Ve.set(e,n);let r=t??``,i=n.get(r)??new Be(e,t);return n.set(r,i),i}function Ue(e,t){if(t.entry_id!==void 0)return t;if(e===null)return null;let n=new Map((t.cameras??[]).map(e=>[e.subentry_id,e])),r=e.cameras.map(e=>n.get(e.subentry_id)??e);return{...e,...t,cameras:r}}var We={dashboard_description:`Kameras, Ereignisse und ihr Risiko. Nichts einzustellen.`,card_camera:`Sicherheitskamera`,card_camera_description:`Das neueste Bild einer Kamera, ihre Risikostufe und der Grund.`,card_cameras:`Alle Sicherheitskameras`,card_cameras_description:`Alle Kameras, mit einer Zeile zum System.`,view_now:`Jetzt`,loading:`Wird geladen …`,trying_again:`Nächster Versuch in wenigen Sekunden.`,unavailable:`Nicht verfügbar`,level_low:`Niedrig`,level_medium:`Mittel`,level_high:`Hoch`,level_critical:`Kritisch`,present_person:`Person`,present_vehicle:`Fahrzeug`,present_animal:`Tier`,present_package:`Paket`,why:`Warum`,event_open:`Gerade passiert etwas.`,no_event_yet:`Noch kein Ereignis.`,no_cameras:`Es gibt noch keine Kamera. Füge eine auf der Seite der Integration hinzu.`,waiting_for_image:`Wartet auf das erste Bild`,latest_image:`{camera}, neuestes Bild, {time}`,camera_unknown:`Es gibt keine Kamera mit dem Ordner „{camera}“.`,all_well:`Alles funktioniert`,database_away:`Die Datenbank ist nicht erreichbar`,server_away:`{name} ist nicht erreichbar`,queue_count_one:`{count} Bild wartet`,queue_count:`{count} Bilder warten`,unreviewed_count_one:`{count} Ereignis zu prüfen`,unreviewed_count:`{count} Ereignisse zu prüfen`,dead_letter_count_one:`{count} fehlgeschlagener Auftrag`,dead_letter_count:`{count} fehlgeschlagene Aufträge`,card_timeline:`Sicherheitsereignisse`,card_timeline_description:`Ereignisse mit Bildern, Gründen und deinem Urteil.`,view_timeline:`Verlauf`,event:`Ereignis`,close:`Schließen`,try_again:`Erneut versuchen`,image_gone:`Das Bild ist nicht mehr vorhanden.`,images:`Bilder`,full_image:`Bild öffnen`,overlay:`Rahmen, Zonen und Wege`,why_not_higher:`{count} Punkte mehr wären {level}.`,why_not_higher_one:`Ein Punkt mehr wäre {level}.`,lowered_by:`Am meisten gesenkt durch: {names}.`,your_verdict:`Dein Urteil`,note:`Notiz, wird mit deinem Urteil gespeichert`,mark_unreviewed:`Zu prüfen`,mark_true_alarm:`Echter Alarm`,mark_false_alarm:`Fehlalarm`,mark_missed:`Verpasster Alarm`,filter:`Ereignisse filtern`,search:`Suchen`,all_cameras:`Alle Kameras`,all_levels:`Alle Stufen`,from_level:`{level} oder höher`,all_labels:`Alle Objekte`,all_marks:`Alle Urteile`,day:`Tag`,event_count_one:`{count} Ereignis`,event_count:`{count} Ereignisse`,event_count_more:`Mehr als {count} Ereignisse`,no_events:`Kein Ereignis passt.`,label_person:`Person`,label_car:`Auto`,label_truck:`Lastwagen`,label_bus:`Bus`,label_bicycle:`Fahrrad`,label_motorcycle:`Motorrad`,label_dog:`Hund`,label_cat:`Katze`,label_bird:`Vogel`,label_package:`Paket`,card_zones:`Zonen-Editor`,card_zones_description:`Zeichnet die Zonen einer Kamera auf ihr Bild.`,view_zones:`Zonen`,camera:`Kamera`,new_zone:`Neue Zone`,undo:`Rückgängig`,heat:`Wo Personen waren`,save:`Speichern`,choose:`Bearbeiten`,remove:`Entfernen`,zone_name:`Name der Zone`,zone_kind:`Art der Zone`,zone_number:`Zone {number}`,corner:`Ecke {number}: Pfeiltasten verschieben sie, Entf entfernt sie`,add_corner:`Ecke nach Ecke {number} hinzufügen`,zones_saved:`Gespeichert.`,zones_help:`Ziehe Ecken oder ganze Zonen. Ein Plus fügt eine Ecke hinzu.`,admins_only:`Nur Administratoren können Zonen speichern.`,kind_entry_point:`Haustür`,kind_other_door:`Andere Tür`,kind_window:`Fenster`,kind_gate:`Tor`,kind_driveway:`Einfahrt`,kind_sidewalk:`Gehweg, öffentlicher Grund`,kind_yard:`Garten`,kind_restricted:`Gesperrt`},Ge={dashboard_description:`Cameras, events and their risk. Nothing to configure.`,card_camera:`Security camera`,card_camera_description:`A camera's latest image, its risk level, and why.`,card_cameras:`All security cameras`,card_cameras_description:`Every camera, with one line about the system.`,view_now:`Now`,loading:`Loading…`,trying_again:`Trying again in a moment.`,unavailable:`Not available`,level_low:`Low`,level_medium:`Medium`,level_high:`High`,level_critical:`Critical`,present_person:`Person`,present_vehicle:`Vehicle`,present_animal:`Animal`,present_package:`Package`,why:`Why`,event_open:`Something is happening.`,no_event_yet:`No event yet.`,no_cameras:`There is no camera yet. Add one on the integration's page.`,waiting_for_image:`Waiting for the first image`,latest_image:`{camera}, latest image, {time}`,camera_unknown:`There is no camera with the folder “{camera}”.`,all_well:`All is working`,database_away:`The database cannot be reached`,server_away:`{name} cannot be reached`,queue_count_one:`{count} image waiting`,queue_count:`{count} images waiting`,unreviewed_count_one:`{count} event to review`,unreviewed_count:`{count} events to review`,dead_letter_count_one:`{count} failed job`,dead_letter_count:`{count} failed jobs`,card_timeline:`Security events`,card_timeline_description:`Events with images, reasons and your verdict.`,view_timeline:`Timeline`,event:`Event`,close:`Close`,try_again:`Try again`,image_gone:`The image is no longer there.`,images:`Images`,full_image:`Open image`,overlay:`Boxes, zones and paths`,why_not_higher:`{count} more points would have been {level}.`,why_not_higher_one:`One more point would have been {level}.`,lowered_by:`Lowered most by: {names}.`,your_verdict:`Your verdict`,note:`Note, stored with your verdict`,mark_unreviewed:`To review`,mark_true_alarm:`True alarm`,mark_false_alarm:`False alarm`,mark_missed:`Missed alarm`,filter:`Filter events`,search:`Search`,all_cameras:`All cameras`,all_levels:`All levels`,from_level:`{level} or higher`,all_labels:`All objects`,all_marks:`All verdicts`,day:`Day`,event_count_one:`{count} event`,event_count:`{count} events`,event_count_more:`More than {count} events`,no_events:`No event matches.`,label_person:`Person`,label_car:`Car`,label_truck:`Truck`,label_bus:`Bus`,label_bicycle:`Bicycle`,label_motorcycle:`Motorcycle`,label_dog:`Dog`,label_cat:`Cat`,label_bird:`Bird`,label_package:`Package`,card_zones:`Zone editor`,card_zones_description:`Draws a camera's zones on its image.`,view_zones:`Zones`,camera:`Camera`,new_zone:`New zone`,undo:`Undo`,heat:`Where people were`,save:`Save`,choose:`Edit`,remove:`Remove`,zone_name:`Name of the zone`,zone_kind:`Kind of the zone`,zone_number:`Zone {number}`,corner:`Corner {number}: arrow keys move it, Delete removes it`,add_corner:`Add a corner after corner {number}`,zones_saved:`Saved.`,zones_help:`Drag corners or whole zones. A plus adds a corner.`,admins_only:`Only administrators can save zones.`,kind_entry_point:`Front door`,kind_other_door:`Other door`,kind_window:`Window`,kind_gate:`Gate`,kind_driveway:`Driveway`,kind_sidewalk:`Sidewalk, public ground`,kind_yard:`Yard`,kind_restricted:`Restricted`},Ke=Object.fromEntries(Object.entries(Object.assign({"./de.json":We,"./en.json":Ge})).map(([e,t])=>[e.slice(2,-5),t]));function qe(e){return[e,e.split(`-`)[0]??`en`].find(e=>e in Ke)??`en`}function z(e){let t=qe(e),n={...Ge,...Ke[t]},r=new Intl.PluralRules(t);return(e,t={})=>{let i=t.count;return((typeof i==`number`?n[`${e}_${r.select(i)}`]:void 0)??n[e]??e).replace(/\{(\w+)\}/g,(e,n)=>String(t[n]??``))}}function Je(e,t){let n=`label_${t.replace(/ /g,`_`)}`,r=e(n);return r===n?t.charAt(0).toUpperCase()+t.slice(1):r}var Ye=class{constructor(e){let{language:t,time_format:n,time_zone:r}=e.locale;this.language=t;let i=r===`server`?e.config.time_zone:void 0,a=n===`12`||n!==`24`&&void 0,o=n===`system`?void 0:t;this.clock=new Intl.DateTimeFormat(o,{timeStyle:`medium`,hour12:a,timeZone:i}),this.date=new Intl.DateTimeFormat(t,{dateStyle:`medium`,timeZone:i}),this.day=new Intl.DateTimeFormat(`en-CA`,{timeZone:i}),this.relative=new Intl.RelativeTimeFormat(t,{numeric:`auto`})}moment(e,t=new Date){let n=new Date(e),r=this.clock.format(n);return this.day.format(n)===this.day.format(t)?r:`${this.date.format(n)}, ${r}`}ago(e,t=Date.now()){let n=(new Date(e).getTime()-t)/1e3,[r,i]=[[`day`,86400],[`hour`,3600],[`minute`,60]].find(([,e])=>Math.abs(n)>=e)??[`second`,1];return this.relative.format(Math.round(n/i),r)}number(e,t=0){return e.toLocaleString(this.language,{maximumFractionDigits:t})}percent(e){return e.toLocaleString(this.language,{style:`percent`})}bytes(e){let t=[`byte`,`kilobyte`,`megabyte`,`gigabyte`,`terabyte`],n=Math.min(Math.floor(Math.log10(Math.max(e,1))/3),t.length-1);return(e/1e3**n).toLocaleString(this.language,{style:`unit`,unit:t[n],unitDisplay:`short`,maximumFractionDigits:1})}};function B(e,t,n,r){var i=arguments.length,a=i<3?t:r===null?r=Object.getOwnPropertyDescriptor(t,n):r,o;if(typeof Reflect==`object`&&typeof Reflect.decorate==`function`)a=Reflect.decorate(e,t,n,r);else for(var s=e.length-1;s>=0;s--)(o=e[s])&&(a=(i<3?o(a):i>3?o(t,n,a):o(t,n))||a);return i>3&&a&&Object.defineProperty(t,n,a),a}var V=class extends F{constructor(...e){super(...e),this.localize=z(`en`)}get hass(){return this.current}set hass(e){let t=this.current;this.current=e,t&&t.locale===e.locale&&t.language===e.language||(this.localize=z(e.language),this.formats=new Ye(e),this.lang=qe(e.language),this.requestUpdate())}},H=class extends V{constructor(...e){super(...e),this.overview=null,this.failure=null}setConfig(e){this.leave?.(),this.leave=void 0,this.config=e,this.follow(),this.requestUpdate()}get hass(){return super.hass}set hass(e){super.hass=e,this.follow()}connectedCallback(){super.connectedCallback(),this.follow()}disconnectedCallback(){super.disconnectedCallback(),this.leave?.(),this.leave=void 0}listener(){return{}}follow(){if(this.leave||!this.isConnected||!this.hass||!this.config)return;let e=He(this.hass.connection,this.config.entry_id);this.failure=e.error,this.leave=e.listen({...this.listener(),overview:e=>this.overview=e,error:e=>this.failure=e})}};B([I({attribute:!1})],H.prototype,`overview`,void 0),B([I({attribute:!1})],H.prototype,`failure`,void 0);var U=o`
  :host {
    display: block;
    color: var(--primary-text-color);
    --hsi-low: var(--success-color, #43a047);
    --hsi-medium: var(--warning-color, #ffa600);
    --hsi-high: var(--deep-orange-color, #ff6f22);
    --hsi-critical: var(--error-color, #db4437);
  }
  * {
    box-sizing: border-box;
  }
  .low { --level: var(--hsi-low); }
  .medium { --level: var(--hsi-medium); }
  .high { --level: var(--hsi-high); }
  .critical { --level: var(--hsi-critical); }
  .secondary {
    color: var(--secondary-text-color);
  }
  .pill {
    display: inline-flex;
    align-items: center;
    gap: 4px;
    padding: 2px 10px;
    border-radius: 12px;
    font-size: 13px;
    line-height: 20px;
    white-space: nowrap;
    color: var(--primary-text-color);
    background: color-mix(in srgb, var(--level, var(--divider-color)) 24%, var(--card-background-color, #fff));
  }
  .pill::before {
    content: "";
    width: 8px;
    height: 8px;
    border-radius: 50%;
    background: var(--level, var(--secondary-text-color));
  }
  button,
  select,
  input,
  textarea {
    font: inherit;
    color: inherit;
  }
  button {
    cursor: pointer;
  }
  :focus-visible {
    outline: 2px solid var(--primary-color);
    outline-offset: 2px;
  }
  .button {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    min-height: 40px;
    padding: 0 14px;
    border: 1px solid var(--divider-color);
    border-radius: 20px;
    background: var(--card-background-color, #fff);
    color: var(--primary-text-color);
    text-decoration: none;
    font-size: 14px;
  }
  .button[aria-pressed="true"] {
    border-color: var(--primary-color);
    background: color-mix(in srgb, var(--primary-color) 20%, var(--card-background-color, #fff));
  }
  .button:disabled {
    opacity: 0.5;
    cursor: default;
  }
  .button ha-icon {
    --mdc-icon-size: 18px;
  }
  .hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
  }
  .notice {
    padding: 16px;
    text-align: center;
    color: var(--secondary-text-color);
  }
  .error {
    padding: 12px 16px;
    border-inline-start: 4px solid var(--error-color);
    background: color-mix(in srgb, var(--error-color) 10%, var(--card-background-color, #fff));
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      transition: none !important;
      animation: none !important;
    }
  }
`,Xe=o`
  .page {
    display: grid;
    gap: 16px;
    padding: 16px;
    max-width: 1800px;
    margin: 0 auto;
    /* A panel view takes the cards' borders away. */
    --ha-card-border-radius: var(--restore-card-border-radius, 12px);
    --ha-card-border-width: var(--restore-card-border-width, 1px);
    --ha-card-box-shadow: var(--restore-card-box-shadow, none);
  }
  .page p {
    margin: 0;
  }
  @media (max-width: 600px) {
    .page {
      padding: 8px;
    }
  }
`;function W(e,t){return t===null?D`<ha-card><p class="notice" role="status">${e(`loading`)}</p></ha-card>`:D`<ha-card><p class="error" role="alert">${t} ${e(`trying_again`)}</p></ha-card>`}var Ze=class extends H{static{this.styles=U}static getStubConfig(){return{}}static getConfigForm(){return{schema:[{name:`camera`,selector:{text:{}}}]}}getCardSize(){return 6}getGridOptions(){return{columns:12,min_columns:6}}render(){let{overview:e,config:t}=this;if(!e)return W(this.localize,this.failure);let n=e.cameras.find(e=>!t.camera||e.folder===t.camera);return n?D`<hsi-camera .hass=${this.hass} .camera=${n}></hsi-camera>`:D`<ha-card><p class="error">${this.localize(`camera_unknown`,{camera:t.camera??``})}</p></ha-card>`}},Qe={ATTRIBUTE:1,CHILD:2,PROPERTY:3,BOOLEAN_ATTRIBUTE:4,EVENT:5,ELEMENT:6},$e=e=>(...t)=>({_$litDirective$:e,values:t}),et=class{constructor(e){}get _$AU(){return this._$AM._$AU}_$AT(e,t,n){this._$Ct=e,this._$AM=t,this._$Ci=n}_$AS(e,t){return this.update(e,t)}update(e,t){return this.render(...t)}},{I:tt}=Oe,nt=e=>e,rt=()=>document.createComment(``),G=(e,t,n)=>{let r=e._$AA.parentNode,i=t===void 0?e._$AB:t._$AA;if(n===void 0)n=new tt(r.insertBefore(rt(),i),r.insertBefore(rt(),i),e,e.options);else{let t=n._$AB.nextSibling,a=n._$AM,o=a!==e;if(o){let t;n._$AQ?.(e),n._$AM=e,n._$AP!==void 0&&(t=e._$AU)!==a._$AU&&n._$AP(t)}if(t!==i||o){let e=n._$AA;for(;e!==t;){let t=nt(e).nextSibling;nt(r).insertBefore(e,i),e=t}}}return n},K=(e,t,n=e)=>(e._$AI(t,n),e),it={},at=(e,t=it)=>e._$AH=t,ot=e=>e._$AH,st=e=>{e._$AR(),e._$AA.remove()},ct=(e,t,n)=>{let r=new Map;for(let i=t;i<=n;i++)r.set(e[i],i);return r},lt=$e(class extends et{constructor(e){if(super(e),e.type!==Qe.CHILD)throw Error(`repeat() can only be used in text expressions`)}dt(e,t,n){let r;n===void 0?n=t:t!==void 0&&(r=t);let i=[],a=[],o=0;for(let t of e)i[o]=r?r(t,o):o,a[o]=n(t,o),o++;return{values:a,keys:i}}render(e,t,n){return this.dt(e,t,n).values}update(e,[t,n,r]){let i=ot(e),{values:a,keys:o}=this.dt(t,n,r);if(!Array.isArray(i))return this.ut=o,a;let s=this.ut??=[],c=[],l,u,d=0,f=i.length-1,p=0,m=a.length-1;for(;d<=f&&p<=m;)if(i[d]===null)d++;else if(i[f]===null)f--;else if(s[d]===o[p])c[p]=K(i[d],a[p]),d++,p++;else if(s[f]===o[m])c[m]=K(i[f],a[m]),f--,m--;else if(s[d]===o[m])c[m]=K(i[d],a[m]),G(e,c[m+1],i[d]),d++,m--;else if(s[f]===o[p])c[p]=K(i[f],a[p]),G(e,i[d],i[f]),f--,p++;else if(l===void 0&&(l=ct(o,p,m),u=ct(s,d,f)),l.has(s[d])){if(l.has(s[f])){let t=u.get(o[p]),n=t===void 0?null:i[t];if(n===null){let t=G(e,i[d]);K(t,a[p]),c[p]=t}else c[p]=K(n,a[p]),G(e,i[d],n),i[t]=null;p++}else st(i[f]),f--}else st(i[d]),d++;for(;p<=m;){let t=G(e,c[m+1]);K(t,a[p]),c[p++]=t}for(;d<=f;){let e=i[d++];e!==null&&st(e)}return this.ut=o,at(e,c),k}}),ut=class extends H{static{this.styles=[U,Xe,o`
      .cameras {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(340px, 100%), 1fr));
        gap: 16px;
      }
    `]}getCardSize(){return 12}getGridOptions(){return{columns:`full`}}render(){let{overview:e,hass:t}=this;return e?D`
      <div class="page">
        <hsi-system-line .hass=${t} .overview=${e}></hsi-system-line>
        ${e.cameras.length===0?D`<p class="notice">${this.localize(`no_cameras`)}</p>`:``}
        <div class="cameras">
          ${lt(e.cameras,e=>e.subentry_id,e=>D`<hsi-camera .hass=${t} .camera=${e}></hsi-camera>`)}
        </div>
      </div>
    `:W(this.localize,this.failure)}},dt=50,ft=class{constructor(e,t){this.connection=e,this.entryId=t}events(e,t){return this.send(`events`,{...e,limit:dt,...t===null?{}:{cursor:t}})}event(e){return this.send(`event`,{event_id:e})}mark(e,t,n){return this.send(`mark`,{event_id:e,mark:t,...n?{note:n}:{}})}zones(e){return this.send(`zones/get`,{subentry_id:e})}setZones(e,t){return this.send(`zones/set`,{subentry_id:e,zones:t})}heat(e){return this.send(`zones/heat`,{subentry_id:e})}send(e,t={}){let n=this.entryId?{entry_id:this.entryId}:{};return this.connection.sendMessagePromise({type:`${Le}/${e}`,...n,...t})}},pt=[`low`,`medium`,`high`,`critical`],mt=[`person`,`vehicle`,`animal`,`package`];function ht(e,t){return t.camera&&e.camera!==t.camera||t.label&&!e.labels.includes(t.label)||t.min_level&&(e.level===null||pt.indexOf(e.level)<pt.indexOf(t.min_level))||(t.mark===`unreviewed`?e.mark!==null:t.mark&&e.mark!==t.mark)||t.since&&Date.parse(e.started_at)<Date.parse(t.since)||t.until&&Date.parse(e.started_at)>=Date.parse(t.until)?!1:!t.text||null}function gt(e,t,n){let r=e.filter(e=>e.event_id!==t.event_id),i=r.length<e.length,a=ht(t,n);if(!i&&a!==!0)return r;let o=Date.parse(t.started_at),s=r.findIndex(e=>Date.parse(e.started_at)<=o);return!i&&s===-1&&r.length>0||r.splice(s===-1?r.length:s,0,t),r}function _t(e,t,n,r,i=6){let a=Math.max(0,Math.floor(-e/n)-i),o=Math.min(r,Math.ceil((t-e)/n)+i);return[Math.min(a,r),Math.max(o,0)]}function vt(e){return e.narrative??e.summary}var yt=class extends V{static{this.styles=[U,o`
      button {
        display: grid;
        grid-template-columns: 136px 1fr;
        gap: 12px;
        width: 100%;
        height: ${96}px;
        padding: 0;
        overflow: hidden;
        text-align: start;
        border: 1px solid var(--divider-color);
        border-inline-start: 4px solid var(--level, var(--divider-color));
        border-radius: 12px;
        background: var(--card-background-color, #fff);
      }
      img,
      .none {
        width: 136px;
        height: 100%;
        object-fit: cover;
        background: var(--secondary-background-color);
      }
      .text {
        min-width: 0;
        padding-block: 8px;
        padding-inline-end: 12px;
        display: grid;
        gap: 2px;
        align-content: start;
      }
      .line {
        display: flex;
        align-items: center;
        gap: 8px;
        min-width: 0;
      }
      .name {
        font-weight: 500;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        flex: 1;
      }
      .words {
        display: -webkit-box;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 2;
        overflow: hidden;
        font-size: 14px;
        line-height: 18px;
      }
      .secondary {
        font-size: 13px;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      @media (max-width: 600px) {
        button {
          grid-template-columns: 96px 1fr;
        }
        img,
        .none {
          width: 96px;
        }
      }
    `]}render(){let{event:e,localize:t,formats:n}=this,r=e.labels.map(e=>Je(t,e)).join(`, `);return D`
      <button type="button" class=${e.level??``}>
        ${e.thumbnail_url?D`<img src=${this.hass.hassUrl(e.thumbnail_url)} alt="" loading="lazy" decoding="async" />`:D`<span class="none"></span>`}
        <span class="text">
          <span class="line">
            <span class="name">${e.camera_name}</span>
            ${e.level?D`<span class="pill">${t(`level_${e.level}`)} ${e.risk_score}</span>`:A}
          </span>
          <span class="secondary">
            ${n.moment(e.started_at)}${e.mark?` · ${t(`mark_${e.mark}`)}`:``}${r?` · ${r}`:``}
          </span>
          <span class="words">${vt(e)??t(`event_open`)}</span>
        </span>
      </button>
    `}};B([I({attribute:!1})],yt.prototype,`event`,void 0);var bt=20,q=class extends H{constructor(...e){super(...e),this.events=[],this.filter={},this.loading=!1,this.problem=null,this.opened=null,this.rows=[0,0],this.cursor=null,this.total=0,this.exact=!0,this.turn=0,this.frame=0,this.moved=()=>{this.frame||=requestAnimationFrame(()=>{if(this.frame=0,!this.list)return;let{top:e}=this.list.getBoundingClientRect(),[t,n]=_t(e,window.innerHeight,104,this.events.length);(t!==this.rows[0]||n!==this.rows[1])&&(this.rows=[t,n]),n+bt>=this.events.length&&this.cursor!==null&&!this.loading&&!this.problem&&this.load(!0)})},this.followLink=()=>{this.opened=new URLSearchParams(location.search).get(`event`)}}static{this.styles=[U,Xe,o`
      ol {
        position: relative;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        position: absolute;
        inset-inline: 0;
        height: ${104}px;
      }
    `]}getCardSize(){return 12}getGridOptions(){return{columns:`full`}}setConfig(e){super.setConfig(e),this.filter=e.camera?{camera:e.camera}:{}}connectedCallback(){super.connectedCallback(),document.addEventListener(`scroll`,this.moved,{capture:!0,passive:!0}),window.addEventListener(`resize`,this.moved),window.addEventListener(`location-changed`,this.followLink),this.followLink(),this.hasUpdated&&this.load()}disconnectedCallback(){super.disconnectedCallback(),document.removeEventListener(`scroll`,this.moved,{capture:!0}),window.removeEventListener(`resize`,this.moved),window.removeEventListener(`location-changed`,this.followLink),cancelAnimationFrame(this.frame),this.frame=0}firstUpdated(){this.load()}updated(e){(e.has(`events`)||e.has(`overview`))&&this.moved()}listener(){return{event:e=>this.events=gt(this.events,e,this.filter),resync:()=>void this.load()}}get commands(){return new ft(this.hass.connection,this.config.entry_id)}async load(e=!1){let t=++this.turn;this.loading=!0;try{let n=await this.commands.events(this.filter,e?this.cursor:null);if(t!==this.turn)return;this.events=e?[...this.events,...n.events]:n.events,[this.cursor,this.total,this.exact]=[n.cursor,n.total,n.total_is_exact],this.problem=null}catch(e){t===this.turn&&(this.problem=R(e))}finally{t===this.turn&&(this.loading=!1)}}open(e){this.opened=e;let t=new URL(location.href);e===null?t.searchParams.delete(`event`):t.searchParams.set(`event`,e),history.replaceState(history.state,``,t)}filtered(e){this.filter=e,this.load()}render(){let{overview:e,localize:t,hass:n,events:r}=this;if(!e)return W(t,this.failure);let i={count:this.total};return D`
      <div class="page">
        <hsi-event-filter .hass=${n} .cameras=${e.cameras} .filter=${this.filter} @hsi-filter=${e=>this.filtered(e.detail)}></hsi-event-filter>
        <p class="secondary" role="status">
          ${this.loading&&r.length===0?t(`loading`):t(this.exact?`event_count`:`event_count_more`,i)}${e.unreviewed?` · ${t(`unreviewed_count`,{count:e.unreviewed})}`:``}
        </p>
        ${this.problem?D`<p class="error" role="alert">${this.problem} <button class="button" type="button" @click=${()=>this.load()}>${t(`try_again`)}</button></p>`:A}
        ${r.length===0&&!this.loading&&!this.problem?D`<p class="notice">${t(`no_events`)}</p>`:A}
        <ol role="list" style="height:${r.length*104}px">
          ${lt(r.slice(...this.rows),e=>e.event_id,(e,t)=>this.row(e,this.rows[0]+t))}
        </ol>
      </div>
      ${this.opened===null?A:D`<hsi-event-dialog
            .hass=${n}
            .commands=${this.commands}
            .eventId=${this.opened}
            .version=${r.find(e=>e.event_id===this.opened)}
            @hsi-marked=${e=>this.events=gt(r,e.detail,this.filter)}
            @hsi-closed=${()=>this.open(null)}
          ></hsi-event-dialog>`}
    `}row(e,t){return D`
      <li style="top:${t*104}px" aria-posinset=${t+1} aria-setsize=${this.cursor===null?this.events.length:-1}>
        <hsi-event-row .hass=${this.hass} .event=${e} @click=${()=>this.open(e.event_id)}></hsi-event-row>
      </li>
    `}};B([L()],q.prototype,`events`,void 0),B([L()],q.prototype,`filter`,void 0),B([L()],q.prototype,`loading`,void 0),B([L()],q.prototype,`problem`,void 0),B([L()],q.prototype,`opened`,void 0),B([L()],q.prototype,`rows`,void 0),B([Ie(`ol`)],q.prototype,`list`,void 0);var xt=[`entry_point`,`other_door`,`window`,`gate`,`driveway`,`sidewalk`,`yard`,`restricted`],St=3,Ct=e=>Math.min(1,Math.max(0,e)),wt=class{constructor(e){this.zones=e,this.past=[]}get canUndo(){return this.past.length>0}remember(){this.past.push(this.zones)}undo(){this.zones=this.past.pop()??this.zones}add(e){let t=[[.35,.4],[.65,.4],[.65,.8],[.35,.8]];this.zones=[...this.zones,{name:e,kind:`entry_point`,polygon:t}]}remove(e){this.zones=this.zones.filter((t,n)=>n!==e)}change(e,t){this.zones=this.zones.map((n,r)=>r===e?{...n,...t}:n)}moveCorner(e,t,[n,r]){let i=this.polygon(e).map((e,i)=>i===t?[Ct(n),Ct(r)]:e);this.change(e,{polygon:i})}move(e,[t,n]){let r=this.polygon(e),[i,a]=[r.map(([e])=>e),r.map(([,e])=>e)],o=Math.min(1-Math.max(...i),Math.max(-Math.min(...i),t)),s=Math.min(1-Math.max(...a),Math.max(-Math.min(...a),n));this.change(e,{polygon:r.map(([e,t])=>[e+o,t+s])})}split(e,t){let n=[...this.polygon(e)],[r,i]=[n[t],n[(t+1)%n.length]];!r||!i||n.length>=30||(n.splice(t+1,0,[(r[0]+i[0])/2,(r[1]+i[1])/2]),this.change(e,{polygon:n}))}removeCorner(e,t){let n=this.polygon(e).filter((e,n)=>n!==t);n.length>=St&&this.change(e,{polygon:n})}polygon(e){return this.zones[e]?.polygon??[]}},J=class extends H{constructor(...e){super(...e),this.camera=null,this.zones=[],this.image=null,this.chosen=-1,this.heat=null,this.message=null,this.problem=null,this.draft=new wt([])}static{this.styles=[U,Xe,o`
      .page {
        max-width: 1100px;
      }
      .line {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      select,
      input {
        min-height: 40px;
        min-width: 0;
        padding: 0 12px;
        border: 1px solid var(--divider-color);
        border-radius: 20px;
        background: var(--card-background-color, #fff);
        color: var(--primary-text-color);
      }
      input {
        flex: 1 1 140px;
      }
    `]}getCardSize(){return 12}getGridOptions(){return{columns:`full`}}willUpdate(e){if(!e.has(`overview`)||!this.overview||this.camera!==null)return;let t=this.config.camera??new URLSearchParams(location.search).get(`camera`),{cameras:n}=this.overview,r=n.find(e=>e.folder===t)??n[0];r&&this.choose(r.subentry_id)}get commands(){return new ft(this.hass.connection,this.config.entry_id)}async choose(e){this.camera=e,this.heat=this.message=null,await this.attempt(async()=>{let t=await this.commands.zones(e);e===this.camera&&(this.image=t.image_url,this.start(t.zones))})}start(e){this.draft=new wt(e),this.chosen=e.length>0?0:-1,this.edited()}edited(){this.zones=this.draft.zones,this.message=null}edit(e){this.draft.remember(),e(this.draft),this.edited()}async save(){let e=this.camera;e!==null&&await this.attempt(async()=>{let{zones:t}=await this.commands.setZones(e,this.draft.zones);this.start(t),this.message=this.localize(`zones_saved`)})}async toggleHeat(){if(this.heat)this.heat=null;else if(this.camera!==null){let{camera:e}=this;await this.attempt(async()=>void(this.heat=(await this.commands.heat(e)).cells))}}async attempt(e){try{await e(),this.problem=null}catch(e){this.problem=R(e)}}render(){let{overview:e,localize:t,hass:n}=this;if(!e)return W(t,this.failure);let r=n.user?.is_admin??!1;return D`
      <div class="page">
        <div class="line">
          <select aria-label=${t(`camera`)} @change=${e=>this.choose(e.target.value)}>
            ${e.cameras.map(e=>D`<option value=${e.subentry_id} ?selected=${e.subentry_id===this.camera}>${e.name}</option>`)}
          </select>
          <button class="button" type="button" ?disabled=${this.zones.length>=20} @click=${this.add}>${t(`new_zone`)}</button>
          <button class="button" type="button" ?disabled=${!this.draft.canUndo} @click=${this.undo}>${t(`undo`)}</button>
          <button class="button" type="button" aria-pressed=${this.heat?`true`:`false`} @click=${this.toggleHeat}>${t(`heat`)}</button>
          ${r?D`<button class="button" type="button" ?disabled=${!this.draft.canUndo} @click=${this.save}>${t(`save`)}</button>`:A}
        </div>
        ${r?A:D`<p class="secondary">${t(`admins_only`)}</p>`}
        ${this.problem?D`<p class="error" role="alert">${this.problem}</p>`:A}
        <p class="secondary" role="status">${this.message??t(`zones_help`)}</p>
        ${this.image?D`<hsi-zone-canvas .hass=${n} .image=${this.image} .draft=${this.draft} .zones=${this.zones} .chosen=${this.chosen} .heat=${this.heat} @hsi-edited=${this.edited} @hsi-chosen=${e=>this.chosen=e.detail}></hsi-zone-canvas>`:D`<p class="notice">${t(`waiting_for_image`)}</p>`}
        ${this.zones.map((e,t)=>this.row(e,t))}
      </div>
    `}row(e,t){let{localize:n}=this,r=e=>e.target.value,i=()=>void(this.chosen=t);return D`
      <div class="line" role="group" aria-label=${e.name} @focusin=${i}>
        <button class="button" type="button" aria-pressed=${t===this.chosen?`true`:`false`} @click=${i}>${n(`choose`)}</button>
        <input maxlength="60" aria-label=${n(`zone_name`)} .value=${e.name} @change=${e=>this.edit(n=>n.change(t,{name:r(e)}))} />
        <select aria-label=${n(`zone_kind`)} @change=${e=>this.edit(n=>n.change(t,{kind:r(e)}))}>
          ${xt.map(t=>D`<option value=${t} ?selected=${e.kind===t}>${n(`kind_${t}`)}</option>`)}
        </select>
        <button class="button" type="button" @click=${()=>this.removeZone(t)}>${n(`remove`)}</button>
      </div>
    `}add(){this.edit(e=>e.add(this.localize(`zone_number`,{number:this.zones.length+1}))),this.chosen=this.zones.length-1}removeZone(e){this.edit(t=>t.remove(e)),this.chosen=Math.min(this.chosen,this.zones.length-1)}undo(){this.draft.undo(),this.chosen=Math.min(this.chosen,this.draft.zones.length-1),this.edited()}};B([L()],J.prototype,`camera`,void 0),B([L()],J.prototype,`zones`,void 0),B([L()],J.prototype,`image`,void 0),B([L()],J.prototype,`chosen`,void 0),B([L()],J.prototype,`heat`,void 0),B([L()],J.prototype,`message`,void 0),B([L()],J.prototype,`problem`,void 0);var Tt={person:`mdi:account`,vehicle:`mdi:car`,animal:`mdi:paw`,package:`mdi:package-variant-closed`},Et=3;function Dt(e,t){return[...e].filter(e=>e.points!==0).sort((e,t)=>Math.abs(t.points)-Math.abs(e.points)).slice(0,t)}function Ot(e){return e>0?`+${e}`:e<0?`−${-e}`:`0`}var kt=class extends V{static{this.styles=[U,o`
      ha-card {
        overflow: hidden;
        height: 100%;
        border-inline-start: 4px solid var(--level, var(--divider-color));
      }
      .image {
        display: block;
        position: relative;
        width: 100%;
        aspect-ratio: 16 / 9;
        padding: 0;
        border: 0;
        background: var(--secondary-background-color);
        color: var(--secondary-text-color);
      }
      div.image {
        display: grid;
        place-items: center;
      }
      .image:focus-visible {
        outline-offset: -3px;
      }
      img {
        width: 100%;
        height: 100%;
        object-fit: cover;
        display: block;
      }
      .present {
        position: absolute;
        inset-inline-start: 8px;
        bottom: 8px;
        display: flex;
        gap: 6px;
      }
      .present span {
        display: inline-flex;
        padding: 4px;
        border-radius: 50%;
        background: var(--card-background-color, #fff);
        color: var(--primary-text-color);
        --mdc-icon-size: 20px;
      }
      .body {
        padding: 12px 16px 16px;
        display: grid;
        gap: 6px;
      }
      .title {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 8px;
      }
      h3 {
        margin: 0;
        font-size: 18px;
        font-weight: 500;
        overflow-wrap: anywhere;
      }
      p {
        margin: 0;
        overflow-wrap: anywhere;
      }
      ul {
        margin: 0;
        padding: 0;
        list-style: none;
        font-size: 14px;
      }
      li {
        display: grid;
        grid-template-columns: 3.2em 1fr;
      }
      li b {
        font-variant-numeric: tabular-nums;
        font-weight: 500;
      }
      a {
        color: var(--primary-text-color);
      }
    `]}render(){let{camera:e,localize:t,formats:n}=this,{event:r}=e;return D`
      <ha-card class=${e.level}>
        ${this.image()}
        <div class="body">
          <div class="title">
            <h3>${e.name}</h3>
            <span class="pill">${t(`level_${e.level}`)}${e.score?D` ${e.score}`:A}</span>
          </div>
          ${e.available?A:D`<p class="error" role="status">${e.reason??t(`unavailable`)}</p>`}
          ${r?D`
                <p>${r.narrative??r.summary??t(`event_open`)}</p>
                <p class="secondary">
                  <time datetime=${r.last_activity_at} title=${n.ago(r.last_activity_at)}>
                    ${n.moment(r.last_activity_at)}
                  </time>
                </p>
                <ul aria-label=${t(`why`)}>
                  ${Dt(r.factors,Et).map(e=>D`<li><b>${Ot(e.points)}</b><span>${e.reason}</span></li>`)}
                </ul>
              `:D`<p class="secondary">${t(`no_event_yet`)}</p>`}
        </div>
      </ha-card>
    `}image(){let{camera:e,localize:t,formats:n}=this;if(!e.image_url||!e.image_at)return D`<div class="image notice">${t(`waiting_for_image`)}</div>`;let r=n.moment(e.image_at),i=mt.filter(t=>e.presence[t]);return D`
      <button
        class="image"
        type="button"
        aria-label=${[t(`latest_image`,{camera:e.name,time:r}),...i.map(e=>t(`present_${e}`))].join(`. `)}
        @click=${this.open}
      >
        <img src=${this.hass.hassUrl(e.image_url)} alt="" decoding="async" />
        <span class="present" aria-hidden="true">
          ${i.map(e=>D`<span title=${t(`present_${e}`)}><ha-icon icon=${Tt[e]}></ha-icon></span>`)}
        </span>
      </button>
    `}open(){let e=this.camera.entities.camera;e&&Re(this,e)}};B([I({attribute:!1})],kt.prototype,`camera`,void 0);var At=o`
  dialog {
    width: min(960px, 100vw);
    max-width: 100vw;
    max-height: 100dvh;
    padding: 0;
    border: 0;
    border-radius: 16px;
    color: var(--primary-text-color);
    background: var(--card-background-color, #fff);
  }
  dialog::backdrop {
    background: rgb(0 0 0 / 60%);
  }
  .content {
    display: grid;
    gap: 12px;
    padding: 16px;
  }
  .head,
  .line {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px;
  }
  .head {
    justify-content: space-between;
  }
  h2,
  h3,
  p,
  ul {
    margin: 0;
    font-weight: inherit;
    overflow-wrap: anywhere;
  }
  h2 {
    font-size: 22px;
  }
  h3 {
    font-size: 16px;
    font-weight: 500;
  }
  ul {
    padding: 0;
    list-style: none;
  }
  li {
    display: grid;
    grid-template-columns: 3.2em 1fr;
  }
  li b {
    font-weight: 500;
  }
  .strip {
    display: flex;
    gap: 8px;
    overflow-x: auto;
    padding: 4px;
  }
  .strip button {
    flex: none;
    width: 96px;
    height: 60px;
    padding: 0;
    border: 2px solid transparent;
    background: var(--secondary-background-color);
  }
  .strip button[aria-pressed="true"] {
    border-color: var(--primary-color);
  }
  .strip img {
    width: 100%;
    height: 100%;
    object-fit: cover;
  }
  label {
    display: grid;
    gap: 4px;
  }
  textarea {
    padding: 8px;
    border: 1px solid var(--divider-color);
    border-radius: 8px;
    background: var(--primary-background-color);
  }
  @media (max-width: 600px) {
    dialog {
      border-radius: 0;
      height: 100dvh;
    }
  }
`,jt=[`true_alarm`,`false_alarm`,`missed`],Y=class extends V{constructor(...e){super(...e),this.details=null,this.failure=null,this.shown=null,this.overlay=!0,this.busy=!1}static{this.styles=[U,At]}firstUpdated(){this.dialog.showModal()}willUpdate(e){e.has(`eventId`)&&(this.details=null,this.shown=null),(e.has(`eventId`)||e.has(`version`)&&this.details)&&this.load()}async load(){let e=this.eventId;try{let t=await this.commands.event(e);if(e!==this.eventId)return;this.details=t,this.failure=null}catch(t){e===this.eventId&&(this.failure=R(t))}}render(){let{details:e,localize:t}=this,n=e?.event.camera_name??t(`event`);return D`
      <dialog aria-labelledby="title" @close=${this.closed} @click=${this.clicked}>
        <div class="content">
          <div class="head">
            <h2 id="title">${n}</h2>
            <button class="button close" type="button" autofocus aria-label=${t(`close`)} @click=${()=>this.dialog.close()}>
              <ha-icon icon="mdi:close"></ha-icon>
            </button>
          </div>
          ${this.failure?D`<p class="error" role="alert">${this.failure}</p>`:A}
          ${e?this.body(e):this.failure?A:D`<p class="notice">${t(`loading`)}</p>`}
        </div>
      </dialog>
    `}body(e){let{localize:t,formats:n}=this,{event:r,why_not_higher:i}=e,a=i?.largest.join(`, `);return D`
      <p class="line">
        ${r.level?D`<span class="pill ${r.level}">${t(`level_${r.level}`)} ${r.risk_score}</span>`:A}
        <span class="secondary">${n.moment(r.started_at)}${r.ended_at?` – ${n.moment(r.ended_at)}`:``}</span>
      </p>
      <p>${vt(r)??t(`event_open`)}</p>
      ${this.images(e)}
      <h3>${t(`why`)}</h3>
      <ul>
        ${Dt(r.factors,r.factors.length).map(e=>D`<li><b>${Ot(e.points)}</b><span>${e.reason}</span></li>`)}
      </ul>
      ${i?D`<p class="secondary">
            ${t(`why_not_higher`,{count:i.missing_points,level:t(`level_${i.next_level}`)})}
            ${a?t(`lowered_by`,{names:a}):A}
          </p>`:A}
      <h3 id="verdict">${t(`your_verdict`)}</h3>
      <div class="line" role="group" aria-labelledby="verdict">
        ${jt.map(e=>D`<button class="button" type="button" aria-pressed=${r.mark===e?`true`:`false`} ?disabled=${this.busy} @click=${()=>this.mark(r.mark===e?`none`:e)}>${t(`mark_${e}`)}</button>`)}
      </div>
      <label>
        <span class="secondary">${t(`note`)}</span>
        <textarea rows="2" maxlength="500" .value=${r.note??``}></textarea>
      </label>
    `}images({images:e,zones:t,path:n}){let{localize:r,formats:i}=this,a=e.find(e=>e.image_id===this.shown)??Mt(e);if(!a)return D`<p class="notice">${r(`image_gone`)}</p>`;let o=n.map(e=>e.map(([,e,t])=>[e,t]));return D`
      <hsi-event-image .hass=${this.hass} .image=${a} .zones=${t} .paths=${o} .overlay=${this.overlay}></hsi-event-image>
      <div class="line">
        <button class="button" type="button" aria-pressed=${this.overlay?`true`:`false`} @click=${()=>this.overlay=!this.overlay}>${r(`overlay`)}</button>
        ${a.image_url?D`<a class="button" target="_blank" rel="noopener" href=${this.hass.hassUrl(a.image_url)}>${r(`full_image`)}</a>`:A}
      </div>
      ${e.length>1?D`<div class="strip" role="group" aria-label=${r(`images`)} tabindex="-1">
            ${e.map(e=>D`<button type="button" aria-pressed=${e===a?`true`:`false`} aria-label=${i.moment(e.captured_at)} @click=${()=>this.shown=e.image_id}>
                ${e.thumbnail_url?D`<img src=${this.hass.hassUrl(e.thumbnail_url)} alt="" loading="lazy" />`:A}
              </button>`)}
          </div>`:A}
    `}async mark(e){this.busy=!0;try{let{event:t}=await this.commands.mark(this.eventId,e,this.note.value.trim());this.details&&={...this.details,event:t},this.failure=null,this.dispatchEvent(new CustomEvent(`hsi-marked`,{detail:t}))}catch(e){this.failure=R(e)}finally{this.busy=!1}}clicked(e){e.target===this.dialog&&this.dialog.close()}closed(){this.dispatchEvent(new CustomEvent(`hsi-closed`))}};B([I({attribute:!1})],Y.prototype,`commands`,void 0),B([I({attribute:!1})],Y.prototype,`eventId`,void 0),B([I({attribute:!1})],Y.prototype,`version`,void 0),B([L()],Y.prototype,`details`,void 0),B([L()],Y.prototype,`failure`,void 0),B([L()],Y.prototype,`shown`,void 0),B([L()],Y.prototype,`overlay`,void 0),B([L()],Y.prototype,`busy`,void 0),B([Ie(`dialog`)],Y.prototype,`dialog`,void 0),B([Ie(`textarea`)],Y.prototype,`note`,void 0);function Mt(e){let t=e=>Math.max(0,...e.detections.map(({confidence:e})=>e));return[...e].sort((e,n)=>t(n)-t(e))[0]}var Nt=[`person`,`car`,`truck`,`bicycle`,`motorcycle`,`dog`,`cat`,`package`],Pt=[`unreviewed`,`true_alarm`,`false_alarm`,`missed`],Ft=300,It=class extends V{constructor(...e){super(...e),this.cameras=[],this.filter={}}static{this.styles=[U,o`
      div {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      select,
      input {
        min-height: 40px;
        max-width: 100%;
        padding: 0 12px;
        border: 1px solid var(--divider-color);
        border-radius: 20px;
        background: var(--card-background-color, #fff);
        color: var(--primary-text-color);
      }
      input[type="search"] {
        flex: 1 1 180px;
      }
    `]}render(){let{localize:e,filter:t}=this;return D`
      <div role="search" aria-label=${e(`filter`)}>
        <input type="search" maxlength="200" placeholder=${e(`search`)} aria-label=${e(`search`)} .value=${t.text??``} @input=${this.typed} />
        ${this.select(`camera`,e(`all_cameras`),this.cameras.map(({folder:e,name:t})=>[e,t]))}
        ${this.select(`min_level`,e(`all_levels`),pt.slice(1).map(t=>[t,e(`from_level`,{level:e(`level_${t}`)})]))}
        ${this.select(`label`,e(`all_labels`),Nt.map(t=>[t,Je(e,t)]))}
        ${this.select(`mark`,e(`all_marks`),Pt.map(t=>[t,e(`mark_${t}`)]))}
        <input type="date" aria-label=${e(`day`)} .value=${Lt(t.since)} @change=${this.dayPicked} />
      </div>
    `}select(e,t,n){return D`
      <select aria-label=${t} @change=${t=>this.set({[e]:t.target.value})}>
        <option value="">${t}</option>
        ${n.map(([t,n])=>D`<option value=${t} ?selected=${this.filter[e]===t}>${n}</option>`)}
      </select>
    `}typed(e){clearTimeout(this.timer);let t=e.target.value.trim();this.timer=setTimeout(()=>this.set({text:t}),Ft)}dayPicked(e){let t=e.target.value;if(!t)return this.set({since:``,until:``});let n=new Date(`${t}T00:00`),r=new Date(n.getFullYear(),n.getMonth(),n.getDate()+1);this.set({since:n.toISOString(),until:r.toISOString()})}set(e){let t={...this.filter,...e},n=Object.fromEntries(Object.entries(t).filter(([,e])=>e));this.dispatchEvent(new CustomEvent(`hsi-filter`,{detail:n}))}};B([I({attribute:!1})],It.prototype,`cameras`,void 0),B([I({attribute:!1})],It.prototype,`filter`,void 0);function Lt(e){return e?new Intl.DateTimeFormat(`en-CA`).format(new Date(e)):``}var X=class extends V{constructor(...e){super(...e),this.zones=[],this.paths=[],this.overlay=!0}static{this.styles=[U,o`
      div {
        position: relative;
        background: var(--secondary-background-color);
      }
      img {
        display: block;
        width: 100%;
      }
      svg {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        direction: ltr;
      }
      svg * {
        fill: none;
        vector-effect: non-scaling-stroke;
        stroke-width: 2;
      }
      .box {
        stroke: #ffeb3b;
      }
      .zone {
        stroke: #4fc3f7;
        fill: rgb(79 195 247 / 15%);
        stroke-dasharray: 6 4;
      }
      .path {
        stroke: #ff5252;
        stroke-width: 3;
        stroke-linejoin: round;
      }
      .label {
        position: absolute;
        padding: 0 6px;
        font-size: 12px;
        line-height: 18px;
        white-space: nowrap;
        background: #212121;
        color: #fff;
        direction: ltr;
      }
    `]}render(){let{image:e,localize:t,formats:n,overlay:r}=this;if(!e.image_url)return D`<p class="notice">${e.damaged??t(`image_gone`)}</p>`;let i=e.detections.map(({label:e,confidence:r})=>`${Je(t,e)} ${n.percent(r)}`);return D`
      <div>
        <img
          src=${this.hass.hassUrl(e.image_url)}
          width=${e.width}
          height=${e.height}
          style="height:auto"
          alt=${[n.moment(e.captured_at),...i].join(`, `)}
        />
        ${r?this.drawing(i):A}
      </div>
    `}drawing(e){let{detections:t}=this.image;return D`
      <svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
        ${this.zones.map(e=>O`<polygon class="zone" points=${Rt(e.polygon)}></polygon>`)}
        ${this.paths.map(e=>O`<polyline class="path" points=${Rt(e)}></polyline>`)}
        ${t.map(({box:e})=>O`<rect class="box" x=${e[0]} y=${e[1]} width=${e[2]-e[0]} height=${e[3]-e[1]}></rect>`)}
      </svg>
      ${this.zones.map(e=>zt(e.polygon[0]??[0,0],e.name))}
      ${t.map(({box:t},n)=>zt([t[0],t[1]],e[n]??``))}
    `}};B([I({attribute:!1})],X.prototype,`image`,void 0),B([I({attribute:!1})],X.prototype,`zones`,void 0),B([I({attribute:!1})],X.prototype,`paths`,void 0),B([I({attribute:!1})],X.prototype,`overlay`,void 0);function Rt(e){return e.map(e=>e.join(`,`)).join(` `)}function zt([e,t],n){return D`<span class="label" aria-hidden="true" style="left:${Math.min(e,.8)*100}%;top:${Math.min(t,.95)*100}%">${n}</span>`}var Bt=class extends V{static{this.styles=[U,o`
      div {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
    `]}render(){let{overview:e,localize:t}=this,n=e.server.filter(e=>e.connected===!1),{waiting:r,running:i}=e.queue;return D`
      <div role="status">
        ${e.database?A:Z(`critical`,t(`database_away`))}
        ${n.map(e=>Z(`critical`,t(`server_away`,{name:e.name})))}
        ${e.database&&n.length===0?Z(`low`,t(`all_well`)):A}
        ${r+i>0?Z(``,t(`queue_count`,{count:r+i})):A}
        ${e.unreviewed?Z(`medium`,t(`unreviewed_count`,{count:e.unreviewed})):A}
        ${e.dead_letters?Z(`high`,t(`dead_letter_count`,{count:e.dead_letters})):A}
      </div>
    `}};B([I({attribute:!1})],Bt.prototype,`overview`,void 0);function Z(e,t){return D`<span class="pill ${e}">${t}</span>`}var Vt=.01,Ht={ArrowLeft:[-.01,0],ArrowRight:[Vt,0],ArrowUp:[0,-.01],ArrowDown:[0,Vt]},Q=class extends V{constructor(...e){super(...e),this.zones=[],this.chosen=-1,this.heat=null}static{this.styles=[U,o`
      :host {
        position: relative;
        direction: ltr;
        user-select: none;
      }
      img {
        display: block;
        width: 100%;
      }
      svg {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
      }
      polygon {
        fill: rgb(79 195 247 / 20%);
        stroke: #4fc3f7;
        stroke-width: 2;
        vector-effect: non-scaling-stroke;
        cursor: move;
        touch-action: none;
      }
      polygon.chosen {
        fill: rgb(255 193 7 / 25%);
        stroke: #ffc107;
      }
      rect {
        fill: #ff5252;
        pointer-events: none;
      }
      button {
        position: absolute;
        width: 28px;
        height: 28px;
        margin: -14px;
        padding: 0;
        border: 2px solid #212121;
        border-radius: 50%;
        background: #ffc107;
        color: #212121;
        touch-action: none;
        cursor: grab;
      }
      button.middle {
        width: 24px;
        height: 24px;
        margin: -12px;
        line-height: 16px;
        background: #fff;
        opacity: 0.85;
        cursor: copy;
      }
    `]}render(){let e=this.zones[this.chosen]?.polygon??[];return D`
      <img src=${this.hass.hassUrl(this.image)} alt="" draggable="false" />
      <svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
        ${this.heat?Ut(this.heat):A}
        ${this.zones.map((e,t)=>O`<polygon class=${t===this.chosen?`chosen`:``} points=${e.polygon.map(e=>e.join(`,`)).join(` `)} @pointerdown=${e=>this.dragZone(e,t)}></polygon>`)}
      </svg>
      ${e.map((t,n)=>this.middle(e,t,n))}
      ${e.map(([e,t],n)=>D`<button type="button" style="left:${e*100}%;top:${t*100}%" aria-label=${this.localize(`corner`,{number:n+1})} @pointerdown=${e=>this.dragCorner(e,n)} @keydown=${e=>this.pressed(e,n)}></button>`)}
    `}middle(e,[t,n],r){let[i,a]=e[(r+1)%e.length]??[t,n];return D`<button class="middle" type="button" style="left:${(t+i)*50}%;top:${(n+a)*50}%" aria-label=${this.localize(`add_corner`,{number:r+1})} @click=${()=>this.edit(()=>this.draft.split(this.chosen,r))}>+</button>`}dragCorner(e,t){this.drag(e,e=>this.draft.moveCorner(this.chosen,t,e))}dragZone(e,t){this.dispatchEvent(new CustomEvent(`hsi-chosen`,{detail:t}));let n=this.place(e);this.drag(e,e=>{this.draft.move(t,[e[0]-n[0],e[1]-n[1]]),n=e})}drag(e,t){let n=e.currentTarget;n.setPointerCapture(e.pointerId);let r=!1,i=e=>{r||this.draft.remember(),r=!0,t(this.place(e)),this.edited()},a=()=>{n.removeEventListener(`pointermove`,i),n.removeEventListener(`pointerup`,a),n.removeEventListener(`pointercancel`,a)};n.addEventListener(`pointermove`,i),n.addEventListener(`pointerup`,a),n.addEventListener(`pointercancel`,a)}pressed(e,t){let n=Ht[e.key],[r,i]=this.zones[this.chosen]?.polygon[t]??[0,0];if(n)this.edit(()=>this.draft.moveCorner(this.chosen,t,[r+n[0],i+n[1]]));else if(e.key===`Delete`||e.key===`Backspace`)this.edit(()=>this.draft.removeCorner(this.chosen,t));else return;e.preventDefault()}edit(e){this.draft.remember(),e(),this.edited()}edited(){this.dispatchEvent(new CustomEvent(`hsi-edited`))}place(e){let{left:t,top:n,width:r,height:i}=this.getBoundingClientRect();return[(e.clientX-t)/r,(e.clientY-n)/i]}};B([I({attribute:!1})],Q.prototype,`image`,void 0),B([I({attribute:!1})],Q.prototype,`draft`,void 0),B([I({attribute:!1})],Q.prototype,`zones`,void 0),B([I({attribute:!1})],Q.prototype,`chosen`,void 0),B([I({attribute:!1})],Q.prototype,`heat`,void 0);function Ut(e){let t=Math.max(1,...e.flat()),n=1/e.length;return e.flatMap((e,r)=>e.map((i,a)=>{let o=1/e.length,s=i===0?0:.2+.6*i/t;return O`<rect x=${a*o} y=${r*n} width=${o} height=${n} opacity=${s}></rect>`}))}var Wt=[{path:`now`,icon:`mdi:cctv`,card:`custom:hsi-cameras-card`,title:`view_now`},{path:`timeline`,icon:`mdi:timeline-clock`,card:`custom:hsi-timeline-card`,title:`view_timeline`},{path:`zones`,icon:`mdi:vector-polygon`,card:`custom:hsi-zone-editor-card`,title:`view_zones`}],Gt={"hsi-camera":kt,"hsi-event-dialog":Y,"hsi-event-filter":It,"hsi-event-image":X,"hsi-event-row":yt,"hsi-system-line":Bt,"hsi-camera-card":Ze,"hsi-cameras-card":ut,"hsi-timeline-card":q,"hsi-zone-canvas":Q,"hsi-zone-editor-card":J,"ll-strategy-dashboard-hsi":class extends HTMLElement{static async generate(e,t){let n=z(t.language),r=e.entry_id?{entry_id:e.entry_id}:{};return{title:`Home Security Intelligence`,views:Wt.map(({path:e,icon:t,card:i,title:a})=>({title:n(a),path:e,icon:t,type:`panel`,cards:[{type:i,...r}]}))}}}};for(let[e,t]of Object.entries(Gt))customElements.get(e)||customElements.define(e,t);var Kt=z(document.documentElement.lang||navigator.language),$=window;$.customCards??=[];for(let[e,t]of[[`hsi-camera-card`,`card_camera`],[`hsi-cameras-card`,`card_cameras`],[`hsi-timeline-card`,`card_timeline`],[`hsi-zone-editor-card`,`card_zones`]])$.customCards.some(t=>t.type===e)||$.customCards.push({type:e,name:Kt(t),description:Kt(`${t}_description`),preview:!0});$.customStrategies??=[],$.customStrategies.some(e=>e.type===`hsi`)||$.customStrategies.push({type:`hsi`,strategyType:`dashboard`,name:`Home Security Intelligence`,description:Kt(`dashboard_description`)});