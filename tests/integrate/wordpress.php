<?php
// Stands in for the few functions of WordPress that the plugin of docs/integrate.md calls, each as WordPress has it, and
// shows what they make of a post: `php wordpress.php PLUGIN classic|protected|block|closed|send PERMALINK TITLE`.

[ , $plugin, $what, $permalink, $title ] = $argv;

define( 'ABSPATH', __DIR__ . '/' );
$hooks = array();

function add_filter( $hook, $callback ) { $GLOBALS['hooks'][ $hook ][] = $callback; }
function add_action( $hook, $callback ) { add_filter( $hook, $callback ); }
function apply_filters( $hook, $value ) {
	foreach ( $GLOBALS['hooks'][ $hook ] ?? array() as $callback ) {
		$value = $callback( $value );
	}
	return $value;
}
function do_action( $hook, ...$arguments ) {
	foreach ( $GLOBALS['hooks'][ $hook ] ?? array() as $callback ) {
		$callback( ...$arguments );
	}
}
function post_password_required() { return 'protected' === $GLOBALS['what']; }
function get_permalink() { return $GLOBALS['permalink']; }
// WordPress gives titles with entities and, where an editor may, with markup.
function get_the_title() { return $GLOBALS['title']; }
function wp_strip_all_tags( $text ) { return trim( strip_tags( preg_replace( '@<(script|style)[^>]*?>.*?</\\1>@si', '', $text ) ) ); }
function esc_attr( $text ) { return htmlspecialchars( $text, ENT_QUOTES, 'UTF-8', false ); }
function esc_html( $text ) { return esc_attr( $text ); }
function esc_html__( $text, $domain ) { return esc_html( $text ); }
function esc_url( $url ) { return str_replace( array( '&', "'" ), array( '&#038;', '&#039;' ), $url ); }
function wp_die( $message, $title, $arguments ) {
	echo $arguments['response'], ' ', $message;
	exit;
}

require $plugin;

if ( 'classic' === $what || 'protected' === $what ) {
	require apply_filters( 'comments_template', '/themes/some/comments.php' );
} elseif ( 'block' === $what ) {
	echo apply_filters( 'render_block_core/comments', '<div class="wp-block-comments">WordPress</div>' );
} elseif ( 'closed' === $what ) {
	echo apply_filters( 'render_block_core/comments', '' );
} else {
	do_action( 'pre_comment_on_post', 1 );
	echo 'WordPress took the comment.';
}
