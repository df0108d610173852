var e=globalThis,t=e.ShadowRoot&&(e.ShadyCSS===void 0||e.ShadyCSS.nativeShadow)&&`adoptedStyleSheets`in Document.prototype&&`replace`in CSSStyleSheet.prototype,n=Symbol(),r=new WeakMap,i=class{constructor(e,t,r){if(this._$cssResult$=!0,r!==n)throw Error("CSSResult is not constructable. Use `unsafeCSS` or `css` instead.");this.cssText=e,this.t=t}get styleSheet(){let e=this.o,n=this.t;if(t&&e===void 0){let t=n!==void 0&&n.length===1;t&&(e=r.get(n)),e===void 0&&((this.o=e=new CSSStyleSheet).replaceSync(this.cssText),t&&r.set(n,e))}return e}toString(){return this.cssText}},a=e=>new i(typeof e==`string`?e:e+``,void 0,n),o=(e,...t)=>new i(e.length===1?e[0]:t.reduce((t,n,r)=>t+(e=>{if(!0===e._$cssResult$)return e.cssText;if(typeof e==`number`)return e;throw Error(`Value passed to 'css' function must be a 'css' function result: `+e+`. Use 'unsafeCSS' to pass non-literal values, but take care to ensure page security.`)})(n)+e[r+1],e[0]),e,n),s=(n,r)=>{if(t)n.adoptedStyleSheets=r.map(e=>e instanceof CSSStyleSheet?e:e.styleSheet);else for(let t of r){let r=document.createElement(`style`),i=e.litNonce;i!==void 0&&r.setAttribute(`nonce`,i),r.textContent=t.cssText,n.appendChild(r)}},c=t?e=>e:e=>e instanceof CSSStyleSheet?(e=>{let t=``;for(let n of e.cssRules)t+=n.cssText;return a(t)})(e):e,{is:l,defineProperty:u,getOwnPropertyDescriptor:d,getOwnPropertyNames:f,getOwnPropertySymbols:p,getPrototypeOf:m}=Object,h=globalThis,ee=h.trustedTypes,te=ee?ee.emptyScript:``,ne=h.reactiveElementPolyfillSupport,g=(e,t)=>e,_={toAttribute(e,t){switch(t){case Boolean:e=e?te:null;break;case Object:case Array:e=e==null?e:JSON.stringify(e)}return e},fromAttribute(e,t){let n=e;switch(t){case Boolean:n=e!==null;break;case Number:n=e===null?null:Number(e);break;case Object:case Array:try{n=JSON.parse(e)}catch{n=null}}return n}},v=(e,t)=>!l(e,t),re={attribute:!0,type:String,converter:_,reflect:!1,useDefault:!1,hasChanged:v};Symbol.metadata??=Symbol(`metadata`),h.litPropertyMetadata??=new WeakMap;var y=class extends HTMLElement{static addInitializer(e){this._$Ei(),(this.l??=[]).push(e)}static get observedAttributes(){return this.finalize(),this._$Eh&&[...this._$Eh.keys()]}static createProperty(e,t=re){if(t.state&&(t.attribute=!1),this._$Ei(),this.prototype.hasOwnProperty(e)&&((t=Object.create(t)).wrapped=!0),this.elementProperties.set(e,t),!t.noAccessor){let n=Symbol(),r=this.getPropertyDescriptor(e,n,t);r!==void 0&&u(this.prototype,e,r)}}static getPropertyDescriptor(e,t,n){let{get:r,set:i}=d(this.prototype,e)??{get(){return this[t]},set(e){this[t]=e}};return{get:r,set(t){let a=r?.call(this);i?.call(this,t),this.requestUpdate(e,a,n)},configurable:!0,enumerable:!0}}static getPropertyOptions(e){return this.elementProperties.get(e)??re}static _$Ei(){if(this.hasOwnProperty(g(`elementProperties`)))return;let e=m(this);e.finalize(),e.l!==void 0&&(this.l=[...e.l]),this.elementProperties=new Map(e.elementProperties)}static finalize(){if(this.hasOwnProperty(g(`finalized`)))return;if(this.finalized=!0,this._$Ei(),this.hasOwnProperty(g(`properties`))){let e=this.properties,t=[...f(e),...p(e)];for(let n of t)this.createProperty(n,e[n])}let e=this[Symbol.metadata];if(e!==null){let t=litPropertyMetadata.get(e);if(t!==void 0)for(let[e,n]of t)this.elementProperties.set(e,n)}this._$Eh=new Map;for(let[e,t]of this.elementProperties){let n=this._$Eu(e,t);n!==void 0&&this._$Eh.set(n,e)}this.elementStyles=this.finalizeStyles(this.styles)}static finalizeStyles(e){let t=[];if(Array.isArray(e)){let n=new Set(e.flat(1/0).reverse());for(let e of n)t.unshift(c(e))}else e!==void 0&&t.push(c(e));return t}static _$Eu(e,t){let n=t.attribute;return!1===n?void 0:typeof n==`string`?n:typeof e==`string`?e.toLowerCase():void 0}constructor(){super(),this._$Ep=void 0,this.isUpdatePending=!1,this.hasUpdated=!1,this._$Em=null,this._$Ev()}_$Ev(){this._$ES=new Promise(e=>this.enableUpdating=e),this._$AL=new Map,this._$E_(),this.requestUpdate(),this.constructor.l?.forEach(e=>e(this))}addController(e){(this._$EO??=new Set).add(e),this.renderRoot!==void 0&&this.isConnected&&e.hostConnected?.()}removeController(e){this._$EO?.delete(e)}_$E_(){let e=new Map,t=this.constructor.elementProperties;for(let n of t.keys())this.hasOwnProperty(n)&&(e.set(n,this[n]),delete this[n]);e.size>0&&(this._$Ep=e)}createRenderRoot(){let e=this.shadowRoot??this.attachShadow(this.constructor.shadowRootOptions);return s(e,this.constructor.elementStyles),e}connectedCallback(){this.renderRoot??=this.createRenderRoot(),this.enableUpdating(!0),this._$EO?.forEach(e=>e.hostConnected?.())}enableUpdating(e){}disconnectedCallback(){this._$EO?.forEach(e=>e.hostDisconnected?.())}attributeChangedCallback(e,t,n){this._$AK(e,n)}_$ET(e,t){let n=this.constructor.elementProperties.get(e),r=this.constructor._$Eu(e,n);if(r!==void 0&&!0===n.reflect){let i=(n.converter?.toAttribute===void 0?_:n.converter).toAttribute(t,n.type);this._$Em=e,i==null?this.removeAttribute(r):this.setAttribute(r,i),this._$Em=null}}_$AK(e,t){let n=this.constructor,r=n._$Eh.get(e);if(r!==void 0&&this._$Em!==r){let e=n.getPropertyOptions(r),i=typeof e.converter==`function`?{fromAttribute:e.converter}:e.converter?.fromAttribute===void 0?_:e.converter;this._$Em=r;let a=i.fromAttribute(t,e.type);this[r]=a??this._$Ej?.get(r)??a,this._$Em=null}}requestUpdate(e,t,n,r=!1,i){if(e!==void 0){let a=this.constructor;if(!1===r&&(i=this[e]),n??=a.getPropertyOptions(e),!((n.hasChanged??v)(i,t)||n.useDefault&&n.reflect&&i===this._$Ej?.get(e)&&!this.hasAttribute(a._$Eu(e,n))))return;this.C(e,t,n)}!1===this.isUpdatePending&&(this._$ES=this._$EP())}C(e,t,{useDefault:n,reflect:r,wrapped:i},a){n&&!(this._$Ej??=new Map).has(e)&&(this._$Ej.set(e,a??t??this[e]),!0!==i||a!==void 0)||(this._$AL.has(e)||(this.hasUpdated||n||(t=void 0),this._$AL.set(e,t)),!0===r&&this._$Em!==e&&(this._$Eq??=new Set).add(e))}async _$EP(){this.isUpdatePending=!0;try{await this._$ES}catch(e){Promise.reject(e)}let e=this.scheduleUpdate();return e!=null&&await e,!this.isUpdatePending}scheduleUpdate(){return this.performUpdate()}performUpdate(){if(!this.isUpdatePending)return;if(!this.hasUpdated){if(this.renderRoot??=this.createRenderRoot(),this._$Ep){for(let[e,t]of this._$Ep)this[e]=t;this._$Ep=void 0}let e=this.constructor.elementProperties;if(e.size>0)for(let[t,n]of e){let{wrapped:e}=n,r=this[t];!0!==e||this._$AL.has(t)||r===void 0||this.C(t,void 0,n,r)}}let e=!1,t=this._$AL;try{e=this.shouldUpdate(t),e?(this.willUpdate(t),this._$EO?.forEach(e=>e.hostUpdate?.()),this.update(t)):this._$EM()}catch(t){throw e=!1,this._$EM(),t}e&&this._$AE(t)}willUpdate(e){}_$AE(e){this._$EO?.forEach(e=>e.hostUpdated?.()),this.hasUpdated||(this.hasUpdated=!0,this.firstUpdated(e)),this.updated(e)}_$EM(){this._$AL=new Map,this.isUpdatePending=!1}get updateComplete(){return this.getUpdateComplete()}getUpdateComplete(){return this._$ES}shouldUpdate(e){return!0}update(e){this._$Eq&&=this._$Eq.forEach(e=>this._$ET(e,this[e])),this._$EM()}updated(e){}firstUpdated(e){}};y.elementStyles=[],y.shadowRootOptions={mode:`open`},y[g(`elementProperties`)]=new Map,y[g(`finalized`)]=new Map,ne?.({ReactiveElement:y}),(h.reactiveElementVersions??=[]).push(`2.1.2`);var b=globalThis,ie=e=>e,x=b.trustedTypes,ae=x?x.createPolicy(`lit-html`,{createHTML:e=>e}):void 0,S=`$lit$`,C=`lit$${Math.random().toFixed(9).slice(2)}$`,w=`?`+C,oe=`<${w}>`,T=document,E=()=>T.createComment(``),D=e=>e===null||typeof e!=`object`&&typeof e!=`function`,O=Array.isArray,se=e=>O(e)||typeof e?.[Symbol.iterator]==`function`,k=`[ 	
\f\r]`,A=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,ce=/-->/g,le=/>/g,j=RegExp(`>|${k}(?:([^\\s"'>=/]+)(${k}*=${k}*(?:[^ \t\n\f\r"'\`<>=]|("|')|))|$)`,`g`),ue=/'/g,de=/"/g,fe=/^(?:script|style|textarea|title)$/i,M=(e=>(t,...n)=>({_$litType$:e,strings:t,values:n}))(1),N=Symbol.for(`lit-noChange`),P=Symbol.for(`lit-nothing`),pe=new WeakMap,F=T.createTreeWalker(T,129);function me(e,t){if(!O(e)||!e.hasOwnProperty(`raw`))throw Error(`invalid template strings array`);return ae===void 0?t:ae.createHTML(t)}var he=(e,t)=>{let n=e.length-1,r=[],i,a=t===2?`<svg>`:t===3?`<math>`:``,o=A;for(let t=0;t<n;t++){let n=e[t],s,c,l=-1,u=0;for(;u<n.length&&(o.lastIndex=u,c=o.exec(n),c!==null);)u=o.lastIndex,o===A?c[1]===`!--`?o=ce:c[1]===void 0?c[2]===void 0?c[3]!==void 0&&(o=j):(fe.test(c[2])&&(i=RegExp(`</`+c[2],`g`)),o=j):o=le:o===j?c[0]===`>`?(o=i??A,l=-1):c[1]===void 0?l=-2:(l=o.lastIndex-c[2].length,s=c[1],o=c[3]===void 0?j:c[3]===`"`?de:ue):o===de||o===ue?o=j:o===ce||o===le?o=A:(o=j,i=void 0);let d=o===j&&e[t+1].startsWith(`/>`)?` `:``;a+=o===A?n+oe:l>=0?(r.push(s),n.slice(0,l)+S+n.slice(l)+C+d):n+C+(l===-2?t:d)}return[me(e,a+(e[n]||`<?>`)+(t===2?`</svg>`:t===3?`</math>`:``)),r]},I=class e{constructor({strings:t,_$litType$:n},r){let i;this.parts=[];let a=0,o=0,s=t.length-1,c=this.parts,[l,u]=he(t,n);if(this.el=e.createElement(l,r),F.currentNode=this.el.content,n===2||n===3){let e=this.el.content.firstChild;e.replaceWith(...e.childNodes)}for(;(i=F.nextNode())!==null&&c.length<s;){if(i.nodeType===1){if(i.hasAttributes())for(let e of i.getAttributeNames())if(e.endsWith(S)){let t=u[o++],n=i.getAttribute(e).split(C),r=/([.?@])?(.*)/.exec(t);c.push({type:1,index:a,name:r[2],strings:n,ctor:r[1]===`.`?_e:r[1]===`?`?ve:r[1]===`@`?ye:z}),i.removeAttribute(e)}else e.startsWith(C)&&(c.push({type:6,index:a}),i.removeAttribute(e));if(fe.test(i.tagName)){let e=i.textContent.split(C),t=e.length-1;if(t>0){i.textContent=x?x.emptyScript:``;for(let n=0;n<t;n++)i.append(e[n],E()),F.nextNode(),c.push({type:2,index:++a});i.append(e[t],E())}}}else if(i.nodeType===8){if(i.data===w)c.push({type:2,index:a});else{let e=-1;for(;(e=i.data.indexOf(C,e+1))!==-1;)c.push({type:7,index:a}),e+=C.length-1}}a++}}static createElement(e,t){let n=T.createElement(`template`);return n.innerHTML=e,n}};function L(e,t,n=e,r){if(t===N)return t;let i=r===void 0?n._$Cl:n._$Co?.[r],a=D(t)?void 0:t._$litDirective$;return i?.constructor!==a&&(i?._$AO?.(!1),a===void 0?i=void 0:(i=new a(e),i._$AT(e,n,r)),r===void 0?n._$Cl=i:(n._$Co??=[])[r]=i),i!==void 0&&(t=L(e,i._$AS(e,t.values),i,r)),t}var ge=class{constructor(e,t){this._$AV=[],this._$AN=void 0,this._$AD=e,this._$AM=t}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(e){let{el:{content:t},parts:n}=this._$AD,r=(e?.creationScope??T).importNode(t,!0);F.currentNode=r;let i=F.nextNode(),a=0,o=0,s=n[0];for(;s!==void 0;){if(a===s.index){let t;s.type===2?t=new R(i,i.nextSibling,this,e):s.type===1?t=new s.ctor(i,s.name,s.strings,this,e):s.type===6&&(t=new be(i,this,e)),this._$AV.push(t),s=n[++o]}a!==s?.index&&(i=F.nextNode(),a++)}return F.currentNode=T,r}p(e){let t=0;for(let n of this._$AV)n!==void 0&&(n.strings===void 0?n._$AI(e[t]):(n._$AI(e,n,t),t+=n.strings.length-2)),t++}},R=class e{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(e,t,n,r){this.type=2,this._$AH=P,this._$AN=void 0,this._$AA=e,this._$AB=t,this._$AM=n,this.options=r,this._$Cv=r?.isConnected??!0}get parentNode(){let e=this._$AA.parentNode,t=this._$AM;return t!==void 0&&e?.nodeType===11&&(e=t.parentNode),e}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(e,t=this){e=L(this,e,t),D(e)?e===P||e==null||e===``?(this._$AH!==P&&this._$AR(),this._$AH=P):e!==this._$AH&&e!==N&&this._(e):e._$litType$===void 0?e.nodeType===void 0?se(e)?this.k(e):this._(e):this.T(e):this.$(e)}O(e){return this._$AA.parentNode.insertBefore(e,this._$AB)}T(e){this._$AH!==e&&(this._$AR(),this._$AH=this.O(e))}_(e){this._$AH!==P&&D(this._$AH)?this._$AA.nextSibling.data=e:this.T(T.createTextNode(e)),this._$AH=e}$(e){let{values:t,_$litType$:n}=e,r=typeof n==`number`?this._$AC(e):(n.el===void 0&&(n.el=I.createElement(me(n.h,n.h[0]),this.options)),n);if(this._$AH?._$AD===r)this._$AH.p(t);else{let e=new ge(r,this),n=e.u(this.options);e.p(t),this.T(n),this._$AH=e}}_$AC(e){let t=pe.get(e.strings);return t===void 0&&pe.set(e.strings,t=new I(e)),t}k(t){O(this._$AH)||(this._$AH=[],this._$AR());let n=this._$AH,r,i=0;for(let a of t)i===n.length?n.push(r=new e(this.O(E()),this.O(E()),this,this.options)):r=n[i],r._$AI(a),i++;i<n.length&&(this._$AR(r&&r._$AB.nextSibling,i),n.length=i)}_$AR(e=this._$AA.nextSibling,t){for(this._$AP?.(!1,!0,t);e!==this._$AB;){let t=ie(e).nextSibling;ie(e).remove(),e=t}}setConnected(e){this._$AM===void 0&&(this._$Cv=e,this._$AP?.(e))}},z=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(e,t,n,r,i){this.type=1,this._$AH=P,this._$AN=void 0,this.element=e,this.name=t,this._$AM=r,this.options=i,n.length>2||n[0]!==``||n[1]!==``?(this._$AH=Array(n.length-1).fill(new String),this.strings=n):this._$AH=P}_$AI(e,t=this,n,r){let i=this.strings,a=!1;if(i===void 0)e=L(this,e,t,0),a=!D(e)||e!==this._$AH&&e!==N,a&&(this._$AH=e);else{let r=e,o,s;for(e=i[0],o=0;o<i.length-1;o++)s=L(this,r[n+o],t,o),s===N&&(s=this._$AH[o]),a||=!D(s)||s!==this._$AH[o],s===P?e=P:e!==P&&(e+=(s??``)+i[o+1]),this._$AH[o]=s}a&&!r&&this.j(e)}j(e){e===P?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,e??``)}},_e=class extends z{constructor(){super(...arguments),this.type=3}j(e){this.element[this.name]=e===P?void 0:e}},ve=class extends z{constructor(){super(...arguments),this.type=4}j(e){this.element.toggleAttribute(this.name,!!e&&e!==P)}},ye=class extends z{constructor(e,t,n,r,i){super(e,t,n,r,i),this.type=5}_$AI(e,t=this){if((e=L(this,e,t,0)??P)===N)return;let n=this._$AH,r=e===P&&n!==P||e.capture!==n.capture||e.once!==n.once||e.passive!==n.passive,i=e!==P&&(n===P||r);r&&this.element.removeEventListener(this.name,this,n),i&&this.element.addEventListener(this.name,this,e),this._$AH=e}handleEvent(e){typeof this._$AH==`function`?this._$AH.call(this.options?.host??this.element,e):this._$AH.handleEvent(e)}},be=class{constructor(e,t,n){this.element=e,this.type=6,this._$AN=void 0,this._$AM=t,this.options=n}get _$AU(){return this._$AM._$AU}_$AI(e){L(this,e)}},xe={M:S,P:C,A:w,C:1,L:he,R:ge,D:se,V:L,I:R,H:z,N:ve,U:ye,B:_e,F:be},Se=b.litHtmlPolyfillSupport;Se?.(I,R),(b.litHtmlVersions??=[]).push(`3.3.3`);var Ce=(e,t,n)=>{let r=n?.renderBefore??t,i=r._$litPart$;if(i===void 0){let e=n?.renderBefore??null;r._$litPart$=i=new R(t.insertBefore(E(),e),e,void 0,n??{})}return i._$AI(e),i},B=globalThis,V=class extends y{constructor(){super(...arguments),this.renderOptions={host:this},this._$Do=void 0}createRenderRoot(){let e=super.createRenderRoot();return this.renderOptions.renderBefore??=e.firstChild,e}update(e){let t=this.render();this.hasUpdated||(this.renderOptions.isConnected=this.isConnected),super.update(e),this._$Do=Ce(t,this.renderRoot,this.renderOptions)}connectedCallback(){super.connectedCallback(),this._$Do?.setConnected(!0)}disconnectedCallback(){super.disconnectedCallback(),this._$Do?.setConnected(!1)}render(){return N}};V._$litElement$=!0,V.finalized=!0,B.litElementHydrateSupport?.({LitElement:V});var we=B.litElementPolyfillSupport;we?.({LitElement:V}),(B.litElementVersions??=[]).push(`4.2.2`);var Te={attribute:!0,type:String,converter:_,reflect:!1,hasChanged:v},Ee=(e=Te,t,n)=>{let{kind:r,metadata:i}=n,a=globalThis.litPropertyMetadata.get(i);if(a===void 0&&globalThis.litPropertyMetadata.set(i,a=new Map),r===`setter`&&((e=Object.create(e)).wrapped=!0),a.set(n.name,e),r===`accessor`){let{name:r}=n;return{set(n){let i=t.get.call(this);t.set.call(this,n),this.requestUpdate(r,i,e,!0,n)},init(t){return t!==void 0&&this.C(r,void 0,e,t),t}}}if(r===`setter`){let{name:r}=n;return function(n){let i=this[r];t.call(this,n),this.requestUpdate(r,i,e,!0,n)}}throw Error(`Unsupported decorator location: `+r)};function H(e){return(t,n)=>typeof n==`object`?Ee(e,t,n):((e,t,n)=>{let r=t.hasOwnProperty(n);return t.constructor.createProperty(n,e),r?Object.getOwnPropertyDescriptor(t,n):void 0})(e,t,n)}var De=`home_security_intelligence`;function Oe(e){return e&&typeof e==`object`&&`message`in e?String(e.message):String(e)}function ke(e,t){e.dispatchEvent(new CustomEvent(`hass-more-info`,{detail:{entityId:t},bubbles:!0,composed:!0}))}var Ae=5e3,je=class{constructor(e,t){this.connection=e,this.entryId=t,this.overview=null,this.error=null,this.listeners=new Set,this.stop=null,this.attempt=0,this.restart=()=>{clearTimeout(this.timer),this.stop=null;for(let e of this.listeners)e.resync?.();this.start()}}listen(e){return this.listeners.add(e),this.listeners.size===1?(this.connection.addEventListener(`ready`,this.restart),this.start()):this.overview&&e.overview?.(this.overview),()=>{this.listeners.delete(e)&&this.listeners.size===0&&this.end()}}async start(){let e=++this.attempt,t=this.entryId?{entry_id:this.entryId}:{};try{let n=await this.connection.subscribeMessage(t=>e===this.attempt&&this.take(t),{type:`${De}/subscribe_events`,...t},{resubscribe:!1});e===this.attempt?this.stop=n:n().catch(()=>void 0)}catch(t){if(e!==this.attempt)return;this.report(Oe(t)),this.timer=setTimeout(()=>void this.start(),Ae)}}end(){this.attempt++,clearTimeout(this.timer),this.connection.removeEventListener(`ready`,this.restart),this.stop?.().catch(()=>void 0),this.stop=null,this.overview=null}take(e){if(e.type===`resync`)for(let e of this.listeners)e.resync?.();else if(e.type===`event`)for(let t of this.listeners)t.event?.(e.event,e.phase);else{if(this.overview=Pe(this.overview,e),this.overview===null)return;this.report(null);for(let e of this.listeners)e.overview?.(this.overview)}}report(e){if(e!==this.error){this.error=e;for(let t of this.listeners)t.error?.(e)}}},Me=new WeakMap;function Ne(e,t){let n=Me.get(e)??new Map;Me.set(e,n);let r=t??``,i=n.get(r)??new je(e,t);return n.set(r,i),i}function Pe(e,t){if(t.entry_id!==void 0)return t;if(e===null)return null;let n=new Map((t.cameras??[]).map(e=>[e.subentry_id,e])),r=e.cameras.map(e=>n.get(e.subentry_id)??e);return{...e,...t,cameras:r}}var Fe={dashboard_description:`Kameras, Ereignisse und ihr Risiko. Nichts einzustellen.`,card_camera:`Sicherheitskamera`,card_camera_description:`Das neueste Bild einer Kamera, ihre Risikostufe und der Grund.`,card_cameras:`Alle Sicherheitskameras`,card_cameras_description:`Alle Kameras, mit einer Zeile zum System.`,view_now:`Jetzt`,loading:`Wird geladen …`,trying_again:`Nächster Versuch in wenigen Sekunden.`,unavailable:`Nicht verfügbar`,level_low:`Niedrig`,level_medium:`Mittel`,level_high:`Hoch`,level_critical:`Kritisch`,present_person:`Person`,present_vehicle:`Fahrzeug`,present_animal:`Tier`,present_package:`Paket`,why:`Warum`,event_open:`Gerade passiert etwas.`,no_event_yet:`Noch kein Ereignis.`,no_cameras:`Es gibt noch keine Kamera. Füge eine auf der Seite der Integration hinzu.`,waiting_for_image:`Wartet auf das erste Bild`,latest_image:`{camera}, neuestes Bild, {time}`,camera_unknown:`Es gibt keine Kamera mit dem Ordner „{camera}“.`,all_well:`Alles funktioniert`,database_away:`Die Datenbank ist nicht erreichbar`,server_away:`{name} ist nicht erreichbar`,queue_count_one:`{count} Bild wartet`,queue_count_other:`{count} Bilder warten`,queue_count:`{count} Bilder warten`,unreviewed_count_one:`{count} Ereignis zu prüfen`,unreviewed_count_other:`{count} Ereignisse zu prüfen`,unreviewed_count:`{count} Ereignisse zu prüfen`,dead_letter_count_one:`{count} fehlgeschlagener Auftrag`,dead_letter_count_other:`{count} fehlgeschlagene Aufträge`,dead_letter_count:`{count} fehlgeschlagene Aufträge`},Ie={dashboard_description:`Cameras, events and their risk. Nothing to configure.`,card_camera:`Security camera`,card_camera_description:`A camera's latest image, its risk level, and why.`,card_cameras:`All security cameras`,card_cameras_description:`Every camera, with one line about the system.`,view_now:`Now`,loading:`Loading…`,trying_again:`Trying again in a moment.`,unavailable:`Not available`,level_low:`Low`,level_medium:`Medium`,level_high:`High`,level_critical:`Critical`,present_person:`Person`,present_vehicle:`Vehicle`,present_animal:`Animal`,present_package:`Package`,why:`Why`,event_open:`Something is happening.`,no_event_yet:`No event yet.`,no_cameras:`There is no camera yet. Add one on the integration's page.`,waiting_for_image:`Waiting for the first image`,latest_image:`{camera}, latest image, {time}`,camera_unknown:`There is no camera with the folder “{camera}”.`,all_well:`All is working`,database_away:`The database cannot be reached`,server_away:`{name} cannot be reached`,queue_count_one:`{count} image waiting`,queue_count_other:`{count} images waiting`,queue_count:`{count} images waiting`,unreviewed_count_one:`{count} event to review`,unreviewed_count_other:`{count} events to review`,unreviewed_count:`{count} events to review`,dead_letter_count_one:`{count} failed job`,dead_letter_count_other:`{count} failed jobs`,dead_letter_count:`{count} failed jobs`},Le=Object.fromEntries(Object.entries(Object.assign({"./de.json":Fe,"./en.json":Ie})).map(([e,t])=>[e.slice(2,-5),t]));function Re(e){return[e,e.split(`-`)[0]??`en`].find(e=>e in Le)??`en`}function U(e){let t=Re(e),n={...Ie,...Le[t]},r=new Intl.PluralRules(t);return(e,t={})=>{let i=t.count;return((typeof i==`number`?n[`${e}_${r.select(i)}`]:void 0)??n[e]??e).replace(/\{(\w+)\}/g,(e,n)=>String(t[n]??``))}}var ze=class{constructor(e){let{language:t,time_format:n,time_zone:r}=e.locale;this.language=t;let i=r===`server`?e.config.time_zone:void 0,a=n===`12`||n!==`24`&&void 0,o=n===`system`?void 0:t;this.clock=new Intl.DateTimeFormat(o,{timeStyle:`medium`,hour12:a,timeZone:i}),this.date=new Intl.DateTimeFormat(t,{dateStyle:`medium`,timeZone:i}),this.day=new Intl.DateTimeFormat(`en-CA`,{timeZone:i}),this.relative=new Intl.RelativeTimeFormat(t,{numeric:`auto`})}moment(e,t=new Date){let n=new Date(e),r=this.clock.format(n);return this.day.format(n)===this.day.format(t)?r:`${this.date.format(n)}, ${r}`}ago(e,t=Date.now()){let n=(new Date(e).getTime()-t)/1e3,[r,i]=[[`day`,86400],[`hour`,3600],[`minute`,60]].find(([,e])=>Math.abs(n)>=e)??[`second`,1];return this.relative.format(Math.round(n/i),r)}number(e,t=0){return e.toLocaleString(this.language,{maximumFractionDigits:t})}percent(e){return e.toLocaleString(this.language,{style:`percent`})}bytes(e){let t=[`byte`,`kilobyte`,`megabyte`,`gigabyte`,`terabyte`],n=Math.min(Math.floor(Math.log10(Math.max(e,1))/3),t.length-1);return(e/1e3**n).toLocaleString(this.language,{style:`unit`,unit:t[n],unitDisplay:`short`,maximumFractionDigits:1})}};function W(e,t,n,r){var i=arguments.length,a=i<3?t:r===null?r=Object.getOwnPropertyDescriptor(t,n):r,o;if(typeof Reflect==`object`&&typeof Reflect.decorate==`function`)a=Reflect.decorate(e,t,n,r);else for(var s=e.length-1;s>=0;s--)(o=e[s])&&(a=(i<3?o(a):i>3?o(t,n,a):o(t,n))||a);return i>3&&a&&Object.defineProperty(t,n,a),a}var G=class extends V{constructor(...e){super(...e),this.localize=U(`en`)}get hass(){return this.current}set hass(e){let t=this.current;this.current=e,t&&t.locale===e.locale&&t.language===e.language||(this.localize=U(e.language),this.formats=new ze(e),this.lang=Re(e.language),this.requestUpdate())}},K=class extends G{constructor(...e){super(...e),this.overview=null,this.failure=null}setConfig(e){this.leave?.(),this.leave=void 0,this.config=e,this.follow(),this.requestUpdate()}get hass(){return super.hass}set hass(e){super.hass=e,this.follow()}connectedCallback(){super.connectedCallback(),this.follow()}disconnectedCallback(){super.disconnectedCallback(),this.leave?.(),this.leave=void 0}listener(){return{}}follow(){if(this.leave||!this.isConnected||!this.hass||!this.config)return;let e=Ne(this.hass.connection,this.config.entry_id);this.failure=e.error,this.leave=e.listen({...this.listener(),overview:e=>this.overview=e,error:e=>this.failure=e})}};W([H({attribute:!1})],K.prototype,`overview`,void 0),W([H({attribute:!1})],K.prototype,`failure`,void 0);var q=o`
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
`;function Be(e,t){return t===null?M`<ha-card><p class="notice" role="status">${e(`loading`)}</p></ha-card>`:M`<ha-card><p class="error" role="alert">${t} ${e(`trying_again`)}</p></ha-card>`}var Ve=class extends K{static{this.styles=q}static getStubConfig(){return{}}static getConfigForm(){return{schema:[{name:`camera`,selector:{text:{}}}]}}getCardSize(){return 6}getGridOptions(){return{columns:12,min_columns:6}}render(){let{overview:e,config:t}=this;if(!e)return Be(this.localize,this.failure);let n=e.cameras.find(e=>!t.camera||e.folder===t.camera);return n?M`<hsi-camera .hass=${this.hass} .camera=${n}></hsi-camera>`:M`<ha-card><p class="error">${this.localize(`camera_unknown`,{camera:t.camera??``})}</p></ha-card>`}},He={ATTRIBUTE:1,CHILD:2,PROPERTY:3,BOOLEAN_ATTRIBUTE:4,EVENT:5,ELEMENT:6},Ue=e=>(...t)=>({_$litDirective$:e,values:t}),We=class{constructor(e){}get _$AU(){return this._$AM._$AU}_$AT(e,t,n){this._$Ct=e,this._$AM=t,this._$Ci=n}_$AS(e,t){return this.update(e,t)}update(e,t){return this.render(...t)}},{I:Ge}=xe,Ke=e=>e,qe=()=>document.createComment(``),J=(e,t,n)=>{let r=e._$AA.parentNode,i=t===void 0?e._$AB:t._$AA;if(n===void 0)n=new Ge(r.insertBefore(qe(),i),r.insertBefore(qe(),i),e,e.options);else{let t=n._$AB.nextSibling,a=n._$AM,o=a!==e;if(o){let t;n._$AQ?.(e),n._$AM=e,n._$AP!==void 0&&(t=e._$AU)!==a._$AU&&n._$AP(t)}if(t!==i||o){let e=n._$AA;for(;e!==t;){let t=Ke(e).nextSibling;Ke(r).insertBefore(e,i),e=t}}}return n},Y=(e,t,n=e)=>(e._$AI(t,n),e),Je={},Ye=(e,t=Je)=>e._$AH=t,Xe=e=>e._$AH,X=e=>{e._$AR(),e._$AA.remove()},Ze=(e,t,n)=>{let r=new Map;for(let i=t;i<=n;i++)r.set(e[i],i);return r},Qe=Ue(class extends We{constructor(e){if(super(e),e.type!==He.CHILD)throw Error(`repeat() can only be used in text expressions`)}dt(e,t,n){let r;n===void 0?n=t:t!==void 0&&(r=t);let i=[],a=[],o=0;for(let t of e)i[o]=r?r(t,o):o,a[o]=n(t,o),o++;return{values:a,keys:i}}render(e,t,n){return this.dt(e,t,n).values}update(e,[t,n,r]){let i=Xe(e),{values:a,keys:o}=this.dt(t,n,r);if(!Array.isArray(i))return this.ut=o,a;let s=this.ut??=[],c=[],l,u,d=0,f=i.length-1,p=0,m=a.length-1;for(;d<=f&&p<=m;)if(i[d]===null)d++;else if(i[f]===null)f--;else if(s[d]===o[p])c[p]=Y(i[d],a[p]),d++,p++;else if(s[f]===o[m])c[m]=Y(i[f],a[m]),f--,m--;else if(s[d]===o[m])c[m]=Y(i[d],a[m]),J(e,c[m+1],i[d]),d++,m--;else if(s[f]===o[p])c[p]=Y(i[f],a[p]),J(e,i[d],i[f]),f--,p++;else if(l===void 0&&(l=Ze(o,p,m),u=Ze(s,d,f)),l.has(s[d])){if(l.has(s[f])){let t=u.get(o[p]),n=t===void 0?null:i[t];if(n===null){let t=J(e,i[d]);Y(t,a[p]),c[p]=t}else c[p]=Y(n,a[p]),J(e,i[d],n),i[t]=null;p++}else X(i[f]),f--}else X(i[d]),d++;for(;p<=m;){let t=J(e,c[m+1]);Y(t,a[p]),c[p++]=t}for(;d<=f;){let e=i[d++];e!==null&&X(e)}return this.ut=o,Ye(e,c),N}}),$e=class extends K{static{this.styles=[q,o`
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
      .cameras {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(340px, 100%), 1fr));
        gap: 16px;
      }
      @media (max-width: 600px) {
        .page {
          padding: 8px;
        }
      }
    `]}getCardSize(){return 12}getGridOptions(){return{columns:`full`}}render(){let{overview:e,hass:t}=this;return e?M`
      <div class="page">
        <hsi-system-line .hass=${t} .overview=${e}></hsi-system-line>
        ${e.cameras.length===0?M`<p class="notice">${this.localize(`no_cameras`)}</p>`:``}
        <div class="cameras">
          ${Qe(e.cameras,e=>e.subentry_id,e=>M`<hsi-camera .hass=${t} .camera=${e}></hsi-camera>`)}
        </div>
      </div>
    `:Be(this.localize,this.failure)}},et=[`person`,`vehicle`,`animal`,`package`],tt={person:`mdi:account`,vehicle:`mdi:car`,animal:`mdi:paw`,package:`mdi:package-variant-closed`},nt=3;function rt(e,t){return[...e].filter(e=>e.points!==0).sort((e,t)=>Math.abs(t.points)-Math.abs(e.points)).slice(0,t)}function it(e){return e>0?`+${e}`:e<0?`−${-e}`:`0`}var at=class extends G{static{this.styles=[q,o`
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
    `]}render(){let{camera:e,localize:t,formats:n}=this,{event:r}=e;return M`
      <ha-card class=${e.level}>
        ${this.image()}
        <div class="body">
          <div class="title">
            <h3>${e.name}</h3>
            <span class="pill">${t(`level_${e.level}`)}${e.score?M` ${e.score}`:P}</span>
          </div>
          ${e.available?P:M`<p class="error" role="status">${e.reason??t(`unavailable`)}</p>`}
          ${r?M`
                <p>${r.narrative??r.summary??t(`event_open`)}</p>
                <p class="secondary">
                  <time datetime=${r.last_activity_at} title=${n.ago(r.last_activity_at)}>
                    ${n.moment(r.last_activity_at)}
                  </time>
                </p>
                <ul aria-label=${t(`why`)}>
                  ${rt(r.factors,nt).map(e=>M`<li><b>${it(e.points)}</b><span>${e.reason}</span></li>`)}
                </ul>
              `:M`<p class="secondary">${t(`no_event_yet`)}</p>`}
        </div>
      </ha-card>
    `}image(){let{camera:e,localize:t,formats:n}=this;if(!e.image_url||!e.image_at)return M`<div class="image notice">${t(`waiting_for_image`)}</div>`;let r=n.moment(e.image_at),i=et.filter(t=>e.presence[t]);return M`
      <button
        class="image"
        type="button"
        aria-label=${[t(`latest_image`,{camera:e.name,time:r}),...i.map(e=>t(`present_${e}`))].join(`. `)}
        @click=${this.open}
      >
        <img src=${this.hass.hassUrl(e.image_url)} alt="" decoding="async" />
        <span class="present" aria-hidden="true">
          ${i.map(e=>M`<span title=${t(`present_${e}`)}><ha-icon icon=${tt[e]}></ha-icon></span>`)}
        </span>
      </button>
    `}open(){let e=this.camera.entities.camera;e&&ke(this,e)}};W([H({attribute:!1})],at.prototype,`camera`,void 0);var ot=class extends G{static{this.styles=[q,o`
      div {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
    `]}render(){let{overview:e,localize:t}=this,n=e.server.filter(e=>e.connected===!1),{waiting:r,running:i}=e.queue;return M`
      <div role="status">
        ${e.database?P:Z(`critical`,t(`database_away`))}
        ${n.map(e=>Z(`critical`,t(`server_away`,{name:e.name})))}
        ${e.database&&n.length===0?Z(`low`,t(`all_well`)):P}
        ${r+i>0?Z(``,t(`queue_count`,{count:r+i})):P}
        ${e.unreviewed?Z(`medium`,t(`unreviewed_count`,{count:e.unreviewed})):P}
        ${e.dead_letters?Z(`high`,t(`dead_letter_count`,{count:e.dead_letters})):P}
      </div>
    `}};W([H({attribute:!1})],ot.prototype,`overview`,void 0);function Z(e,t){return M`<span class="pill ${e}">${t}</span>`}var st=[{path:`now`,icon:`mdi:cctv`,card:`custom:hsi-cameras-card`,title:`view_now`}],ct={"hsi-camera":at,"hsi-system-line":ot,"hsi-camera-card":Ve,"hsi-cameras-card":$e,"ll-strategy-dashboard-hsi":class extends HTMLElement{static async generate(e,t){let n=U(t.language),r=e.entry_id?{entry_id:e.entry_id}:{};return{title:`Home Security Intelligence`,views:st.map(({path:e,icon:t,card:i,title:a})=>({title:n(a),path:e,icon:t,type:`panel`,cards:[{type:i,...r}]}))}}}};for(let[e,t]of Object.entries(ct))customElements.get(e)||customElements.define(e,t);var Q=U(document.documentElement.lang||navigator.language),$=window;$.customCards??=[];for(let[e,t]of[[`hsi-camera-card`,`card_camera`],[`hsi-cameras-card`,`card_cameras`]])$.customCards.some(t=>t.type===e)||$.customCards.push({type:e,name:Q(t),description:Q(`${t}_description`),preview:!0});$.customStrategies??=[],$.customStrategies.some(e=>e.type===`hsi`)||$.customStrategies.push({type:`hsi`,strategyType:`dashboard`,name:`Home Security Intelligence`,description:Q(`dashboard_description`)});